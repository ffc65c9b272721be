/** The look of this project's figures: Okabe and Ito's palette, which readers with any colour vision can tell apart. */
import { fontFamily, fonts } from "./fonts.ts";

/** https://jfly.uni-koeln.de/color/ */
export const palette = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  black: "#000000",
} as const;

export const ink = "#2a2a2a";
export const faintInk = "#666666";
export const gridColor = "#e6e6e6";

/** White paper and readable text: figures are pictures on white wherever they are not live. */
export const baseLayout = {
  font: { family: fontFamily, size: 13, color: ink },
  paper_bgcolor: "white",
  plot_bgcolor: "white",
  hovermode: "x unified",
} as const;

/** A title at the left edge, and under it a smaller line; `figureHeight` in pixels. */
export function titled(title: string, subtitle: string, figureHeight: number): Record<string, unknown> {
  return {
    text: `<b>${escapeLabel(title)}</b><br><span style="font-size:12px;color:${faintInk}">${escapeLabel(subtitle)}</span>`,
    x: 0,
    xref: "container",
    xanchor: "left",
    y: 1 - 28 / figureHeight, // the baseline of the first line
    yref: "container",
    yanchor: "bottom",
    pad: { l: 16 },
    font: { size: 17 },
  };
}

/** An axis with a thin line, a faint grid and no zero line. */
export function axis(options: Record<string, unknown>): Record<string, unknown> {
  return {
    linecolor: "#999999",
    gridcolor: gridColor,
    zeroline: false,
    ticks: "outside",
    tickcolor: "#999999",
    ...options,
  };
}

/** plotly reads `<b>`, `<a>` and entities in labels; names from users are shown as they are. */
export function escapeLabel(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Pixels that `text` takes on one line at a font size in pixels. */
export function textWidth(text: string, size: number, isBold = false): number {
  return size * (isBold ? fonts().bold : fonts().regular).width(text);
}

/** Lines of at most `width` pixels, broken at spaces; the last ends in an ellipsis where more than `maxLines` were needed. */
export function wrapText(text: string, width: number, size: number, maxLines: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const kept = lines.slice(0, maxLines).map((line) => clip(line, width, size, false));
  const last = kept.at(-1);
  if (lines.length > maxLines && last !== undefined) kept[kept.length - 1] = clip(last, width, size, true);
  return kept;
}

function clip(line: string, width: number, size: number, isCut: boolean): string {
  if (!isCut && textWidth(line, size) <= width) return line;
  const characters = [...line];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}
