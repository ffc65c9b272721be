/**
 * Which outputs of the frozen layers each stage computes, takes over and keeps: decided once, when a plan is made. Its cost,
 * the forecast of its time and memory, and the training loop read it.
 *
 * A *prefix* is the part of the model below a cut. While nothing in it trains, its output for an example is always the same:
 * it is stored when a stage first needs it, and used in every epoch, also of later stages.
 */
import type { EncodedText } from "../models/packedBatch.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";

/** The stored outputs that one stage works on. */
export interface PrefixDecision {
  /** The training steps and evaluations of the stage start from what is stored at this cut. */
  readonly cut: Cut;
  /**
   * The cuts that the stage wants stored: its own, and those of later stages up to which no stage in between trains anything
   * below. One pass over the data stores all of them that are not stored yet.
   */
  readonly wanted: readonly Cut[];
  /** The layers [from, to) that this pass runs: none where everything is taken over from earlier stages. */
  readonly pass: readonly [from: number, to: number];
  /** All cuts that are stored while the stage trains, those included that wait for a later stage. */
  readonly stored: readonly Cut[];
  /** The cuts that stay stored when the stage has ended. */
  readonly kept: readonly Cut[];
}

/**
 * Decides for each stage of a plan, given where each of them starts to train; undefined for a stage that trains the embeddings,
 * below which nothing is constant.
 */
export function decidePrefixes(cuts: readonly Cut[]): (PrefixDecision | undefined)[] {
  const wanted = wantedCuts(cuts);
  const distinct = [...new Set(cuts)].filter((cut) => cut >= 0);
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
    // below these nothing has trained, nor does it before a later stage starts at them or above
    const kept = distinct.filter((each) => each <= cut && each <= next);
    before = stored.filter((each) => kept.includes(each));
    return {
      cut,
      wanted: ofStage,
      pass: missing.length === 0 ? [0, 0] : [Math.max(0, ...below), Math.max(...missing)],
      stored,
      kept,
    };
  });
}

/** From the last stage to the first: what a stage wants of the next one's is what lies at its own cut or below. */
function wantedCuts(cuts: readonly Cut[]): Cut[][] {
  const wanted: Cut[][] = [];
  for (let index = cuts.length - 1; index >= 0; index--) {
    const cut = cuts[index] as Cut;
    const later = wanted[index + 1] ?? [];
    wanted[index] = [...(cut >= 0 ? [cut] : []), ...later.filter((each) => each < cut)];
  }
  return wanted;
}

/** Bytes that the outputs at a cut take for all of these texts: `[tokens, hidden]` each, or `[hidden]` before the head. */
export function prefixBytes(model: SequenceClassifier, texts: readonly EncodedText[], cut: Cut): number {
  const rows = cut === model.depth ? texts.length : texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  return 4 * model.config.hiddenSize * rows;
}
