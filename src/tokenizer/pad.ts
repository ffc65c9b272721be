/** From encoded texts of different lengths to rectangular arrays. */
import type { UnpaddedText } from "./template.ts";

/** What a model takes: three arrays, each `[batch, tokens]`. Rows differ in length where padding is off. */
export interface BatchEncoding {
  readonly inputIds: number[][];
  /** 1 for tokens of the text, 0 for padding. */
  readonly attentionMask: number[][];
  readonly tokenTypeIds: number[][];
}

export type PaddingSide = "left" | "right";

/** Pads every text to `length` tokens; a longer one stays as it is. */
export function pad(texts: readonly UnpaddedText[], length: number, padId: number, side: PaddingSide): BatchEncoding {
  const fill = (values: ArrayLike<number>, filler: number): number[] => {
    const padding = new Array<number>(Math.max(0, length - values.length)).fill(filler);
    return side === "right" ? [...Array.from(values), ...padding] : [...padding, ...Array.from(values)];
  };
  return {
    inputIds: texts.map(({ inputIds }) => fill(inputIds, padId)),
    attentionMask: texts.map(({ inputIds }) => fill(new Uint8Array(inputIds.length).fill(1), 0)),
    tokenTypeIds: texts.map(({ tokenTypeIds }) => fill(tokenTypeIds, 0)),
  };
}
