/**
 * A table within a figure, so that the picture alone says it all. It is made of annotations and lines, which every
 * plotly bundle has.
 */
import type { Table } from "../../display/table.ts";
import {
  axisColor,
  escapeLabel,
  faintInk,
  gridColor,
  ink,
  type Plain,
  textWidth,
  wrapApart,
  wrapText,
} from "./theme.ts";

const largest = 12;
const smallest = 8.5;
const noteSize = 11;

/**
 * The place of a table in pixels of the plot area: `left` from its left edge (it may be negative), `top` down from its
 * top.
 */
interface TablePlace {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly plotWidth: number;
}

interface DrawnTable {
  /** The height in pixels, with the caption and the notes. */
  readonly height: number;
  /** Places the table in a plot of this height in pixels. */
  placed(plotHeight: number): { readonly annotations: Plain[]; readonly shapes: Plain[] };
}

/** The cells of a table, broken into lines at a font size that lets it fit. */
interface Measured {
  readonly size: number;
  readonly gap: number;
  readonly widths: readonly number[];
  readonly headers: readonly (readonly string[])[];
  /** The lines of each cell, by column and row. */
  readonly cells: readonly (readonly (readonly string[])[])[];
}

/**
 * Lays a table out. Columns are as wide as their content and share the rest of the width. Headers and the cells of the first
 * column take at most two lines; where that is not enough, the letters become smaller. The notes stand below the caption.
 */
export function drawTable(table: Table, notes: readonly string[], place: TablePlace): DrawnTable {
  const measured = scaledToFit(table, place.width);
  const { size, headers, cells, widths, gap } = measured;
  const lineHeight = 1.35 * size;
  const headHeight = Math.max(...headers.map(({ length }) => length)) * lineHeight + 8;
  const rowHeights = table.rows.map(
    (_, i) => Math.max(...cells.map((column) => column[i]?.length ?? 1)) * lineHeight + 9,
  );
  const rowTops = rowHeights.map((_, i) => headHeight + rowHeights.slice(0, i).reduce((sum, each) => sum + each, 0));
  const bottom = headHeight + rowHeights.reduce((sum, each) => sum + each, 0);
  const below = [table.caption ?? [], ...notes].flat().flatMap((text) => wrapText(text, place.width, noteSize, 3));
  const noteHeight = 1.4 * noteSize;
  return {
    height: bottom + (below.length === 0 ? 0 : below.length * noteHeight + 12),
    placed(plotHeight) {
      const x = (pixels: number): number => (place.left + pixels) / place.plotWidth;
      const y = (pixels: number): number => 1 - (place.top + pixels) / plotHeight;
      const annotations: Plain[] = [];
      const write = (text: string, left: number, middle: number, look: Plain): void => {
        const at = { xref: "paper", yref: "paper", x: x(left), y: y(middle), yanchor: "middle", showarrow: false };
        annotations.push({ ...at, text, font: { size, color: ink }, ...look });
      };
      let left = 0;
      table.columns.forEach((_, j) => {
        const width = widths[j] as number;
        const isRight = table.alignOf(j) === "right";
        const [edge, align] = isRight ? [left + width, "right"] : [left, "left"];
        const head = (headers[j] ?? []).map((part) => `<b>${escapeLabel(part)}</b>`).join("<br>");
        write(head, edge, headHeight / 2, { xanchor: align, align });
        cells[j]?.forEach((lines, i) => {
          const text = lines.map(escapeLabel).map((part) => (table.isMarked(i) ? `<b>${part}</b>` : part));
          const middle = (rowTops[i] as number) + (rowHeights[i] as number) / 2;
          write(text.join("<br>"), edge, middle, { xanchor: align, align });
        });
        left += width + gap;
      });
      below.forEach((text, i) => {
        const look = { xanchor: "left", font: { size: noteSize, color: faintInk } };
        write(escapeLabel(text), 0, bottom + 8 + (i + 0.5) * noteHeight, look);
      });
      const rule = (pixels: number, color: string): Plain => {
        const ends = { x0: x(0), x1: x(place.width), y0: y(pixels), y1: y(pixels) };
        return { type: "line", xref: "paper", yref: "paper", ...ends, line: { color, width: 1 } };
      };
      const between = rowTops.map((top, i) => rule(top, i === 0 ? axisColor : gridColor));
      return { annotations, shapes: [...between, rule(bottom, axisColor)] };
    },
  };
}

function scaledToFit(table: Table, width: number): Measured {
  let measured = measure(table, width, largest);
  for (let size = largest - 0.5; size >= smallest && !fits(measured, width); size -= 0.5) {
    measured = measure(table, width, size);
  }
  const sum = measured.widths.reduce((total, each) => total + each, 0);
  return { ...measured, gap: Math.max(measured.gap, (width - sum) / Math.max(1, measured.widths.length - 1)) };
}

const fits = ({ widths, gap }: Measured, width: number): boolean =>
  widths.reduce((sum, each) => sum + each + gap, -gap) <= width;

function measure(table: Table, width: number, size: number): Measured {
  const gap = 1.1 * size;
  const bold = (text: string) => textWidth(text, size, true);
  const headers = table.columns.map(({ title }) =>
    wrapText(title, Math.max(5 * size, textWidth(title, size) * 0.66), size, 2),
  );
  const texts = table.columns.map((_, j) => table.rows.map((row) => String(row[j] ?? "")));
  const natural = texts.map((column, j) => Math.max(...[...column, ...(headers[j] as string[])].map(bold)));
  const others = natural.slice(1).reduce((sum, each) => sum + each + gap, 0);
  const first = Math.min(natural[0] ?? 0, Math.max(10 * size, width - others));
  const names = wrapApart(texts[0] ?? [], first / 1.08, size, 2); // bold where it is marked
  return {
    size,
    gap,
    widths: [first, ...natural.slice(1)],
    headers,
    cells: [names, ...texts.slice(1).map((column) => column.map((text) => [text]))],
  };
}
