/** A table drawn into a figure, so that the picture alone says it all: annotations and lines, which every plotly bundle has. */
import type { Table } from "../display/table.ts";
import { escapeLabel, faintInk, gridColor, ink, textWidth, wrapText } from "./theme.ts";

const size = 12;
const lineHeight = 1.35 * size;
const rowHeight = 25;
const gap = 18;
/** Longer cells end in an ellipsis. */
const widestCell = 220;

/** Where the table stands, in pixels of the plot area: x from its left edge (may be negative), y downwards from its top. */
export interface TablePlace {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly plotWidth: number;
  readonly plotHeight: number;
}

/** Height in pixels of the table when it is drawn. */
export function drawnTableHeight(table: Table): number {
  return headHeight + rowHeight * table.rows.length + (table.caption === undefined ? 0 : rowHeight);
}

/** Headers take two lines; columns are as wide as their content and share what is left over. */
export function drawTable(table: Table, place: TablePlace) {
  const headers = table.columns.map(({ title }) =>
    wrapText(title, Math.max(62, textWidth(title, size) * 0.66), size, 2),
  );
  const contents = table.columns.map((_, j) =>
    table.rows.map((row) => wrapText(String(row[j] ?? ""), widestCell, size, 1).join("")),
  );
  const widths = contents.map((cells, j) =>
    Math.max(...[...cells, ...(headers[j] ?? [])].map((text) => textWidth(text, size, true))),
  );
  const spare = Math.max(
    gap,
    (place.width - widths.reduce((sum, width) => sum + width, 0)) / Math.max(1, widths.length - 1),
  );
  const x = (pixels: number): number => (place.left + pixels) / place.plotWidth;
  const y = (pixels: number): number => 1 - (place.top + pixels) / place.plotHeight;
  const annotations: Record<string, unknown>[] = [];
  const write = (text: string, left: number, middle: number, look: Record<string, unknown>): void => {
    const at = { xref: "paper", yref: "paper", x: x(left), y: y(middle), yanchor: "middle", showarrow: false };
    annotations.push({ ...at, text, font: { size, color: ink }, ...look });
  };
  let left = 0;
  table.columns.forEach((_, j) => {
    const width = widths[j] ?? 0;
    const isRight = table.alignOf(j) === "right";
    const [edge, align] = isRight ? [left + width, "right"] : [left, "left"];
    const head = (headers[j] ?? []).map((line) => `<b>${escapeLabel(line)}</b>`).join("<br>");
    write(head, edge, headHeight / 2, { xanchor: align, align });
    contents[j]?.forEach((cell, i) => {
      const text = table.isMarked(i) ? `<b>${escapeLabel(cell)}</b>` : escapeLabel(cell);
      write(text, edge, headHeight + rowHeight * (i + 0.5), { xanchor: align });
    });
    left += width + spare;
  });
  const bottom = headHeight + rowHeight * table.rows.length;
  if (table.caption !== undefined) {
    const look = { xanchor: "left", font: { size: 11, color: faintInk } };
    write(escapeLabel(table.caption), 0, bottom + rowHeight / 2, look);
  }
  const rule = (pixels: number, color: string): Record<string, unknown> => ({
    type: "line",
    xref: "paper",
    yref: "paper",
    x0: x(0),
    x1: x(Math.max(place.width, left - spare)),
    y0: y(pixels),
    y1: y(pixels),
    line: { color, width: 1 },
  });
  const between = table.rows.map((_, i) => rule(headHeight + rowHeight * i, i === 0 ? "#999999" : gridColor));
  return { annotations, shapes: [...between, rule(bottom, "#999999")] };
}

const headHeight = 2 * lineHeight + 8;
