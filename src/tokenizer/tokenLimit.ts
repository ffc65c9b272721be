/** How long texts may be: one rule for the tokenizer, the trainer, the export and what is saved. */

export interface LimitSources {
  /** What the tokenizer's files say, and the positions of the model they belong to; Infinity where they say nothing. */
  readonly modelMaxLength: number;
  /** The positions of the model; undefined or Infinity where they have no end. */
  readonly positions?: number | undefined;
  /** What the user asks for, which goes before the tokenizer's files. Default: nothing. */
  readonly maxLength?: number | undefined;
}

/** Where nothing says how long a text may be. */
const unknownLength = 512;

/**
 * The tokens that a text is cut to, special tokens included: `maxLength`, or else what the tokenizer's files say, and never
 * more than the model has positions for; 512 where nothing says anything.
 */
export function tokenLimit({ modelMaxLength, positions = Number.POSITIVE_INFINITY, maxLength }: LimitSources): number {
  const limit = Math.min(maxLength ?? modelMaxLength, positions);
  return Number.isFinite(limit) ? limit : unknownLength;
}
