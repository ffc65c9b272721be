/** The look of this project's figures: Okabe and Ito's palette, which readers with any colour vision can tell apart. */
import { fontFamily, fonts } from "./fonts.ts";

/** A part of a plotly figure, such as a trace, an axis or an annotation. */
export type Plain = Record<string, unknown>;

/** The colours of curves and bars. https://jfly.uni-koeln.de/color/ */
export const palette = {
  blue: "#0072B2",
  vermillion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
} as const;

/** The colour of text in pictures, which stand on white. */
export const ink = "#2a2a2a";
export const faintInk = "#666666";
export const axisColor = "#999999";
export const gridColor = "rgba(128,128,128,0.2)";
export const bandColor = "rgba(128,148,180,0.1)";
export const clear = "rgba(0,0,0,0)";

/** The layout that all figures share: they are pictures on white paper wherever they are not live. */
export const baseLayout = {
  font: { family: fontFamily, size: 13, color: ink },
  paper_bgcolor: "white",
  plot_bgcolor: "white",
  hovermode: "x unified",
} as const;

/**
 * Makes a title at the left edge with smaller lines under it. `width` and `height` are those of the figure, in pixels.
 */
export function titled(title: string, subtitle: string, { width, height }: { width: number; height: number }): Plain {
  const lines = subtitleLines(subtitle, width).map(escapeLabel).join("<br>");
  return {
    text: `<b>${escapeLabel(title)}</b><br><span style="font-size:12px;color:${faintInk}">${lines}</span>`,
    x: 0,
    xref: "container",
    xanchor: "left",
    y: 1 - 28 / height, // the baseline of the first line
    yref: "container",
    yanchor: "bottom",
    pad: { l: 16 },
    font: { size: 17 },
  };
}

/** Measures the pixels that the lines of a subtitle take below its first. */
export const subtitleHeight = (subtitle: string, width: number): number =>
  22 * (subtitleLines(subtitle, width).length - 1);

const subtitleLines = (subtitle: string, width: number): string[] => wrapText(subtitle, width - 32, 12, 3);

/** Makes an axis with a thin line, a faint grid and no zero line. */
export function axis(options: Plain): Plain {
  return {
    linecolor: axisColor,
    gridcolor: gridColor,
    zeroline: false,
    ticks: "outside",
    tickcolor: axisColor,
    ...options,
  };
}

/** Formats the ticks of an axis of shares as "81%", or with digits where whole numbers would repeat themselves. */
export const shareFormat = (range: number): string => (range < 0.005 ? ".2%" : range < 0.05 ? ".1%" : ".0%");

/** Escapes a name from a user: plotly reads `<b>`, `<a>` and entities in labels. */
export function escapeLabel(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A reader's browser may lack Open Sans, with which pictures are drawn; its own font is wider by at most this factor. */
const otherFonts = { regular: 1.12, bold: 1.2 } as const;

/** Measures the most pixels that `text` takes on one line at a font size in pixels. */
export function textWidth(text: string, size: number, isBold = false): number {
  const weight = isBold ? "bold" : "regular";
  return otherFonts[weight] * size * fonts()[weight].width(text);
}

/**
 * Breaks a text into lines of at most `width` pixels: at spaces, and within words that are longer than a line. The last line
 * ends in an ellipsis where more than `maxLines` were needed.
 */
export function wrapText(text: string, width: number, size: number, maxLines: number): string[] {
  const lines = brokenLines(text, width, size);
  if (lines.length <= maxLines) return lines;
  const kept = lines.slice(0, maxLines);
  return [...kept.slice(0, -1), clip(kept.at(-1) as string, width, size)];
}

/**
 * Breaks each text into lines as `wrapText` does. Texts that would be cut to the same lines lose their middles instead of
 * their ends, so that they stay apart.
 */
export function wrapApart(texts: readonly string[], width: number, size: number, maxLines: number): string[][] {
  const wrapped = texts.map((text) => wrapText(text, width, size, maxLines));
  const isTaken = (lines: readonly string[], i: number, among: readonly string[][]) =>
    among.some((other, j) => j !== i && texts[j] !== texts[i] && other.join("\n") === lines.join("\n"));
  const apart = wrapped.map((lines, i) =>
    isTaken(lines, i, wrapped) ? withoutMiddle(texts[i] as string, width, size, maxLines) : lines,
  );
  return apart.map((lines, i) => {
    if (!isTaken(lines, i, apart)) return lines;
    const numbered = `${i + 1}: ${texts[i]}`; // they differ in their middles alone
    return wrapText(numbered, width, size, maxLines);
  });
}

/** Keeps the beginning and the end of a text that is too long, in at most `maxLines` lines. */
function withoutMiddle(text: string, width: number, size: number, maxLines: number): string[] {
  const characters = [...text];
  for (let kept = characters.length - 1; kept > 2; kept--) {
    const [start, end] = [Math.floor(kept * 0.4), Math.ceil(kept * 0.6)];
    const shorter = `${characters.slice(0, start).join("").trimEnd()}… ${characters.slice(-end).join("").trimStart()}`;
    const lines = brokenLines(shorter, width, size);
    if (lines.length <= maxLines) return lines;
  }
  return wrapText(text, width, size, maxLines);
}

function brokenLines(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(...brokenWord(word, width, size));
  }
  return lines;
}

function brokenWord(word: string, width: number, size: number): string[] {
  const parts: string[] = [""];
  for (const character of word) {
    const longer = parts.at(-1) + character;
    if (textWidth(longer, size) <= width || parts.at(-1) === "") parts[parts.length - 1] = longer;
    else parts.push(character);
  }
  return parts;
}

function clip(line: string, width: number, size: number): string {
  const characters = [...line];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}
