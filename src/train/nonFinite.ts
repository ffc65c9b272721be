/**
 * Numbers that are NaN or infinite end a run before any weight changes. Here is found out where they arose: in a weight,
 * in what a layer computes, or in a gradient.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import { ThawError } from "../errors.ts";
import type { PackedBatch } from "../models/packedBatch.ts";
import type { Parameter } from "../models/parameter.ts";
import type { Cut, SequenceClassifier } from "../models/sequenceClassifier.ts";
import { globalNorm } from "../optim/clip.ts";
import type { Precision } from "../tensor/precision.ts";
import { tf } from "../tensor/tensorflow.ts";

/** Texts on their way through a model. */
export interface Computation {
  readonly model: SequenceClassifier;
  readonly batch: PackedBatch;
  /** Where it began, and the hidden states there (none at -1). */
  readonly cut: Cut;
  readonly rows: Tensor | undefined;
  readonly precision: Precision;
}

/** Where in a run something was computed. */
export interface Place {
  /** Such as `step 12`, or `the evaluation after step 12`. */
  readonly what: string;
  /** Number of the stage, from 0, and its name. */
  readonly stage: number;
  readonly name: string;
  /** Rows of the data, counted from 1, and what the data is called. */
  readonly rows?: ArrayLike<number>;
  readonly data?: string;
}

/** Throws `NON_FINITE` where a weight of the model is NaN or infinite: no training mends that. */
export function assertFiniteWeights(model: SequenceClassifier): void {
  const bad = badWeight(model);
  if (bad !== undefined) throw new ThawError("NON_FINITE", `${bad} ${reload}`);
}

/** The error of a loss or of logits that are not finite. `what`: a sentence that says so; `advice`: where it is no weight's fault. */
export function nonFiniteValue(what: string, computation: Computation, advice: string = smaller): ThawError {
  const weight = badWeight(computation.model);
  if (weight !== undefined) return new ThawError("NON_FINITE", `${what} ${weight} ${reload}`);
  return new ThawError("NON_FINITE", `${what} All weights are finite${firstBadStates(computation)}. ${advice}`);
}

/** The error of a norm of gradients that is not finite. In a backward pass the gradients of the topmost parameters come first. */
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

/** Runs something; to a `NON_FINITE` error it adds where in the run it arose. */
export function at<T>(place: () => Place, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw located(error, place());
  }
}

/** The same for a generator. */
export async function* within<T, R>(place: () => Place, generator: AsyncGenerator<T, R>): AsyncGenerator<T, R> {
  try {
    return yield* generator;
  } catch (error) {
    throw located(error, place());
  }
}

function located(error: unknown, { what, stage, name, rows, data }: Place): unknown {
  if (!(error instanceof ThawError) || error.code !== "NON_FINITE") return error;
  const texts = rows === undefined ? "" : `, ${rowList(rows)} of the ${data}`;
  return new ThawError("NON_FINITE", `Stage ${stage} (${name}), ${what}${texts}: ${error.message}`, { cause: error });
}

const reload = "Load the model again, or assign values that are finite.";
const smaller =
  "The weights are those of the step before. Lower the learning rate, add warm-up steps (warmupSteps), or look at these rows.";

/** The first in the order of the state dict, as a sentence. Its values are read where their bound does not vouch for them. */
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

/** What is the first to be not finite on the way through the model, without dropout. */
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

/** `rows 3, 4 and 12 more`, counted from 1, as everywhere where a message names a row. */
export function rowList(rows: ArrayLike<number>): string {
  const more = rows.length - rowsNamed;
  return `row${rows.length === 1 ? "" : "s"} ${Array.from(rows).slice(0, rowsNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
