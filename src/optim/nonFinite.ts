/**
 * Values that are NaN or infinite end a run before any weight changes. The errors of this file say where they arose: in a
 * weight, in the output of a layer, or in a gradient.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import type { PackedBatch } from "../models/packedBatch.ts";
import type { Parameter } from "../models/parameter.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { Precision } from "../tensor/precision.ts";
import { tf } from "../tensor/tensorflow.ts";
import { globalNorm } from "./gradients.ts";

/** A batch on its way through a model. */
interface Computation {
  readonly model: SequenceClassifier;
  readonly batch: PackedBatch;
  /** The cut at which it began, and the hidden states there (none at -1). */
  readonly cut: Cut;
  readonly rows: Tensor | undefined;
  readonly precision: Precision;
}

/** Throws `NON_FINITE` where a weight of the model is NaN or infinite: no training mends that. */
export function assertFiniteWeights(model: SequenceClassifier): void {
  const bad = badWeight(model);
  if (bad !== undefined) throw new ThawError("NON_FINITE", `${bad} ${reload}`);
}

/**
 * Makes the error of a loss or of logits that are not finite. `what`: a sentence that says so; `advice`: where no weight
 * is at fault.
 */
export function nonFiniteValue(what: string, computation: Computation, advice: string = smaller): ThawError {
  const weight = badWeight(computation.model);
  if (weight !== undefined) return new ThawError("NON_FINITE", `${what} ${weight} ${reload}`);
  return new ThawError("NON_FINITE", `${what} All weights are finite${firstBadStates(computation)}. ${advice}`);
}

/**
 * Makes the error of a norm of gradients that is not finite. In a backward pass the gradients of the topmost parameters
 * come first.
 */
export function nonFiniteGradient(
  model: SequenceClassifier,
  gradients: readonly { readonly parameter: Parameter; readonly gradient: Tensor }[],
): ThawError {
  const weight = badWeight(model);
  if (weight !== undefined) return new ThawError("NON_FINITE", `${weight} ${reload}`);
  const bad = gradients.findLast(({ gradient }) => countOf(gradient.dataSync()) > 0);
  const largest = () => gradients.toSorted((a, b) => largestOf(b.gradient) - largestOf(a.gradient))[0];
  const which =
    bad === undefined
      ? `The gradients are finite, but their norm is beyond float32; the largest values are those of ${largest()?.parameter.name}.`
      : `The gradient of ${bad.parameter.name} has ${countOf(bad.gradient.dataSync())} of ${bad.gradient.size} values that ` +
        "are NaN or infinite; the loss and all weights are finite.";
  return new ThawError("NON_FINITE", `${which} ${smaller}`);
}

/** Whether all values of a tensor are finite, and so is the sum of their squares. */
export const isFiniteTensor = (x: Tensor): boolean => Number.isFinite(globalNorm([x]));

const reload = "Load the model again, or assign values that are finite.";
const smaller =
  "The weights are those of the step before. Lower the learning rate, add warm-up steps (warmupSteps), or look at these rows.";

/**
 * Says which weight is the first, in the order of the state dict, that is not finite. Values are read only where their
 * bound does not vouch for them.
 */
function badWeight(model: SequenceClassifier): string | undefined {
  for (const [name, parameter] of model.parameters) {
    if (Number.isFinite(parameter.variable.bound)) continue;
    const values = parameter.data();
    const count = countOf(values);
    if (count === 0) continue;
    const first = values.findIndex((value) => !Number.isFinite(value));
    return `${count} of ${values.length} values of the weight ${name} are NaN or infinite, the first at index ${first}.`;
  }
  return undefined;
}

/** Says which hidden states are the first that are not finite on the way through the model, without dropout. */
function firstBadStates({ model, batch, cut, rows, precision }: Computation): string {
  if (rows !== undefined && !isFiniteTensor(rows)) {
    return ", but what is remembered of the frozen layers is not";
  }
  if (cut >= model.depth) return "";
  return tf.tidy(() => {
    const start = rows === undefined ? undefined : { cut, hidden: rows };
    const cuts = Array.from({ length: model.depth - Math.max(0, cut) + 1 }, (_, i) => Math.max(0, cut) + i);
    for (const [above, hidden] of model.runPrefix(cuts, batch, { start, precision })) {
      if (isFiniteTensor(hidden)) continue;
      return `, but what ${above === 0 ? "the embeddings give" : `layer ${above - 1} gives`} is not`;
    }
    return "";
  });
}

function countOf(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count += 1;
  return count;
}

const largestOf = (x: Tensor): number => tf.tidy(() => tf.max(tf.abs(x)).dataSync()[0] as number);

const rowsNamed = 64;

/** Writes rows as `rows 3, 4 and 12 more`, counted from 1, as everywhere where a message names a row. */
export function rowList(rows: ArrayLike<number>): string {
  const more = rows.length - rowsNamed;
  return `row${rows.length === 1 ? "" : "s"} ${Array.from(rows).slice(0, rowsNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
