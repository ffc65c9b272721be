/**
 * Decides which outputs of the frozen layers each stage computes, reuses and keeps. This is decided once, when a plan
 * is made; the predicted cost, the forecast and the training loop use it.
 *
 * A *prefix* is the part of the model below a cut. While nothing in it trains, its output for an example is always the
 * same: it is stored when a stage first needs it, and used in every epoch, also of later stages.
 */
import type { EncodedText } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";

/** The stored outputs that one stage works on. */
export interface PrefixDecision {
  /** The cut whose stored outputs the training steps and evaluations of the stage start from. */
  readonly cut: Cut;
  /**
   * The cuts that the stage wants stored: its own, and those of later stages up to which no stage in between trains anything
   * below. One pass over the data stores all of them that are not stored yet.
   */
  readonly wanted: readonly Cut[];
  /** The layers [from, to) that this pass runs; empty if all outputs are reused from earlier stages. */
  readonly pass: readonly [from: number, to: number];
  /** All cuts that are stored while the stage trains, including those for later stages. */
  readonly stored: readonly Cut[];
  /** The cuts that stay stored when the stage has ended: the next stage trains nothing below them. */
  readonly kept: readonly Cut[];
}

/**
 * Decides the stored outputs for each stage of a plan, given the cut of each stage; undefined for a stage that trains
 * the embeddings, below which nothing is constant. With `frozenDropout` it is undefined for every stage: dropout makes
 * the outputs of the frozen layers differ from epoch to epoch.
 */
export function decidePrefixes(cuts: readonly Cut[], frozenDropout = false): (PrefixDecision | undefined)[] {
  if (frozenDropout) return cuts.map(() => undefined);
  const wanted = wantedCuts(cuts);
  let before: readonly Cut[] = [];
  return cuts.map((cut, index) => {
    if (cut < 0) {
      before = [];
      return undefined;
    }
    const next = cuts[index + 1] ?? -1;
    const ofStage = wanted[index] as readonly Cut[];
    const missing = ofStage.filter((each) => !before.includes(each));
    const below = before.filter((each) => each <= Math.min(...missing));
    const stored = [...before, ...missing];
    // the next stage trains layers below any higher cut, whose outputs then are those of the old weights
    before = stored.filter((each) => each <= next);
    return {
      cut,
      wanted: ofStage,
      pass: missing.length === 0 ? [0, 0] : [Math.max(0, ...below), Math.max(...missing)],
      stored,
      kept: before,
    };
  });
}

/**
 * Computes the wanted cuts from the last stage to the first: a stage can store for the next stages only the cuts at or
 * below its own.
 */
function wantedCuts(cuts: readonly Cut[]): Cut[][] {
  const wanted: Cut[][] = [];
  for (let index = cuts.length - 1; index >= 0; index--) {
    const cut = cuts[index] as Cut;
    const later = wanted[index + 1] ?? [];
    wanted[index] = [...(cut >= 0 ? [cut] : []), ...later.filter((each) => each < cut)];
  }
  return wanted;
}

/**
 * Returns the bytes of the outputs at a cut for all of these examples: `[tokens, hidden]` each, or `[hidden]` before
 * the head.
 */
export function prefixBytes(model: SequenceClassifier, texts: readonly EncodedText[], cut: Cut): number {
  const rows = cut === model.depth ? texts.length : texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  return 4 * model.config.hiddenSize * rows;
}
