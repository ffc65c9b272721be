/** The picture of explanations: tokens in lines as a text has them, each over its attribution, to be saved in any format. */
import { type ExplainedToken, lookOf, shownNumber, shownToken } from "./attributedTokens.ts";
import { Figure } from "./figure/figure.ts";
import { baseLayout, escapeLabel, faintInk, ink, type Plain, textWidth, wrapText } from "./figure/theme.ts";

/** One text with the attributions for one label. */
export interface ExplainedRow {
  readonly title: string;
  readonly tokens: readonly ExplainedToken[];
  readonly attributions: readonly number[];
  /** The line below the tokens. */
  readonly sentence: string;
}

const [width, margin] = [800, 16];
const sizes = { title: 15, token: 14, number: 11, note: 12 } as const;
/** Heights in pixels of a title, a line of tokens, a line of notes, and the space between two rows. */
const heights = { title: 28, tokens: 48, note: 18, gap: 14 } as const;

/** Words at a place: centred, or from there to the right. */
interface Words {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly color: string;
  readonly isCentred: boolean;
}

/** Draws the rows one above the other, on a scale up to `largest`, over the notes. */
export function explanationFigure(
  rows: readonly ExplainedRow[],
  notes: readonly string[],
  largest: number,
  altText: string,
): Figure {
  const [words, shapes]: [Words[], Plain[]] = [[], []];
  const line = (text: string, y: number, size: number, color: string): void => {
    words.push({ x: margin, y, text, size, color, isCentred: false });
  };
  let y: number = margin;
  const addNote = (note: string): void => {
    for (const text of wrapText(note, width - 2 * margin, sizes.note, 4)) {
      line(escapeLabel(text), y + heights.note / 2, sizes.note, faintInk);
      y += heights.note;
    }
  };
  for (const { title, tokens, attributions, sentence } of rows) {
    const [shown = ""] = wrapText(title, width - 2 * margin, sizes.title, 1);
    line(`<b>${escapeLabel(shown)}</b>`, y + heights.title / 2, sizes.title, ink);
    y += heights.title;
    y = placeTokens({ tokens, attributions, largest, top: y, words, shapes });
    addNote(sentence);
    y += heights.gap;
  }
  notes.forEach(addNote);
  const height = Math.ceil(y + margin);
  const layout = {
    ...baseLayout,
    ...{ width, height, shapes, showlegend: false, hovermode: false, margin: { l: 0, r: 0, t: 0, b: 0 } },
    xaxis: { range: [0, width], visible: false, fixedrange: true },
    yaxis: { range: [height, 0], visible: false, fixedrange: true },
  };
  return new Figure({ data: tracesOf(words), layout }, altText);
}

interface PlacedTokens extends Pick<ExplainedRow, "tokens" | "attributions"> {
  readonly largest: number;
  readonly top: number;
  readonly words: Words[];
  readonly shapes: Plain[];
}

/** Adds the tokens, from left to right in as many lines as they need. Returns where the next line begins. */
function placeTokens({ tokens, attributions, largest, top, words, shapes }: PlacedTokens): number {
  let [x, y]: [number, number] = [margin, top];
  tokens.forEach((token, i) => {
    const value = attributions[i] ?? 0;
    const number = token.isSpecial ? "" : shownNumber(value, largest);
    const [text = ""] = wrapText(shownToken(token), width - 2 * margin - 8, sizes.token, 1);
    const box = 8 + Math.max(textWidth(text, sizes.token), textWidth(number, sizes.number));
    if (x > margin && x + box > width - margin) [x, y] = [margin, y + heights.tokens];
    const centre = x + box / 2;
    const shown = escapeLabel(text);
    const at = { x: centre, isCentred: true };
    if (token.isSpecial) {
      words.push({ ...at, y: y + 11, text: `<i>${shown}</i>`, size: sizes.token, color: faintInk });
    } else {
      words.push({ ...at, y: y + 11, text: shown, size: sizes.token, color: ink });
      words.push({ ...at, y: y + 27, text: number, size: sizes.number, color: ink });
      shapes.push(...tokenShapes(value, largest, { x, y, box }));
    }
    x += box + 4;
  });
  return y + heights.tokens;
}

/** The coloured ground of a token, and the line under it. */
function tokenShapes(value: number, largest: number, { x, y, box }: { x: number; y: number; box: number }): Plain[] {
  const { background, thickness, line, color } = lookOf(value, largest);
  const ground = { type: "rect", x0: x, x1: x + box, y0: y, y1: y + 36, layer: "below" };
  const below = y + 36 + thickness / 2;
  const dash = line === "solid" ? "solid" : "6px,3px";
  return [
    { ...ground, fillcolor: background, line: { width: 0 } },
    ...(thickness === 0
      ? []
      : [{ type: "line", x0: x, x1: x + box, y0: below, y1: below, line: { color, width: thickness, dash } }]),
  ];
}

/** One trace for each size and alignment: a trace has one place for its words. */
function tracesOf(words: readonly Words[]): Plain[] {
  const kinds = new Map<string, Words[]>();
  for (const each of words) {
    const key = `${each.size} ${each.isCentred}`;
    kinds.set(key, [...(kinds.get(key) ?? []), each]);
  }
  return [...kinds.values()].map((group) => ({
    type: "scatter",
    mode: "text",
    x: group.map(({ x }) => x),
    y: group.map(({ y }) => y),
    text: group.map(({ text }) => text),
    textposition: group[0]?.isCentred ? "middle center" : "middle right",
    textfont: { size: group[0]?.size, color: group.map(({ color }) => color) },
    cliponaxis: false,
    hoverinfo: "skip",
  }));
}
