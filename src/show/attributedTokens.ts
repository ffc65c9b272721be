/**
 * Tokens in their order, each over its attribution. The sign is a colour, the kind of the line under the token, and the
 * sign of the number; the strength is the depth of the colour, the thickness of the line, and the number.
 */
import { escapeHtml } from "../../shared/text.ts";

/** A token of an explained example. */
export interface ExplainedToken {
  /** The token as the tokenizer decodes it alone: "##ing", " world". */
  readonly token: string;
  /** Its id in the vocabulary. */
  readonly id: number;
  /** Whether the tokenizer placed it around the texts; such a token stays in the baseline, so that its attribution is 0. */
  readonly isSpecial: boolean;
}

/** Blue for, and orange against, as Okabe and Ito have them; the grounds are translucent, so that text in any colour is read. */
const sides = {
  for: { tint: "0,114,178", line: "solid", color: "#2b8cc4" },
  against: { tint: "230,120,0", line: "dashed", color: "#d97706" },
} as const;

/** How an attribution looks. */
interface Look {
  readonly background: string;
  /** Thickness of the line in pixels, 0 to 6. */
  readonly thickness: number;
  readonly line: "solid" | "dashed";
  readonly color: string;
}

/** Returns how an attribution looks on a scale up to `largest`. */
export function lookOf(value: number, largest: number): Look {
  const strength = largest === 0 ? 0 : Math.abs(value) / largest;
  const { tint, line, color } = sides[value < 0 ? "against" : "for"];
  const thickness = strength < 0.02 ? 0 : 1 + Math.round(5 * strength);
  return { background: `rgba(${tint},${(0.45 * strength).toFixed(2)})`, thickness, line, color };
}

const tokenStyle =
  "display: inline-block; max-width: 100%; margin: 2px 1px; padding: 0 3px; text-align: center; " +
  "vertical-align: top; overflow-wrap: anywhere; border-radius: 2px 2px 0 0";

/** Returns the largest magnitude of attributions, which has the deepest colour; 0 if there are none. */
export const largestOf = (attributions: readonly (readonly number[])[]): number =>
  attributions.reduce((top, list) => list.reduce((most, value) => Math.max(most, Math.abs(value)), top), 0);

/** Renders tokens, escaped, with their attributions, `[tokens]` each, on a scale up to `largest`. There is no script in it. */
export function attributedHtml(
  tokens: readonly ExplainedToken[],
  attributions: readonly number[],
  largest: number,
): string {
  const spans = tokens.map((token, i) => {
    const value = attributions[i] ?? 0;
    const text = `<bdi>${escapeHtml(shownToken(token))}</bdi>`;
    if (token.isSpecial) return `<span style="${tokenStyle}; opacity: 0.7"><i>${text}</i></span>`;
    const { background, thickness, line, color } = lookOf(value, largest);
    const look = `background-color: ${background}; border-bottom: ${thickness}px ${line} ${color}`;
    const number = `<span style="font-size: 75%">${shownNumber(value, largest)}</span>`;
    return `<span style="${tokenStyle}; ${look}">${text}<br>${number}</span>`;
  });
  return `<div style="line-height: 1.3; color: var(--jp-content-font-color1, inherit)">${spans.join(" ")}</div>`;
}

/** Returns a token as text that can be seen: without blanks around it, a blank as "␣", one without text by its id. */
export function shownToken({ token, id }: ExplainedToken): string {
  if (token === "") return `#${id}`;
  return token.trim() === "" ? "␣" : token.trim();
}

/** Writes an attribution with its sign, in as many digits as give the largest two of them: 0.031 beside 1.2 -> "0.0". */
export const shownNumber = (value: number, largest: number): string =>
  signed(value, digitsFor(largest, 2)).replace("-", "−");

/** Returns the digits after the point with which a number of this size has `significant` digits. */
export const digitsFor = (size: number, significant: number): number =>
  size === 0 ? 1 : Math.min(9, Math.max(0, significant - 1 - Math.floor(Math.log10(size))));

/** Writes a number with its sign and `digits` after the point; zero has none. */
export function signed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${text}` : text;
}

/** Explains the colours and lines, as the last line of a display. */
export const legend =
  "Blue with a solid line and +: the token speaks for the label. Orange with a dashed line and −: against it. Tokens in " +
  "italics are special tokens, which the baseline has too.";
