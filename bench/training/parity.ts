/** Both sides must be doing the same before they are timed: same weights and batches, same losses. */

import { CodedError } from "../../shared/codedError.ts";
import type { SequenceClassifier } from "../../src/index.ts";
import type { Side } from "./side.ts";
import { type Task, threads } from "./task.ts";
import { stagesFor } from "./tasks.ts";
import type { Texts } from "./texts.ts";
import { batchSizes, type ModelKind } from "./workloads.ts";

export interface Losses {
  /** Of the first batch, before any step. */
  readonly before: number;
  /** Of the same batch, after the steps. */
  readonly after: number;
}

/** Rounding is all that may differ before; AdamW turns gradients of almost nothing into steps of full size. */
export const tolerance: Losses = { before: 1e-4, after: 1e-3 };

/** Full steps: as many as show that the order of the batches, the clipping and the rates are the same. */
const steps: Readonly<Record<ModelKind, number>> = { mini: 3, base: 1 };

/** `folder` = of the model without dropout, whose masks are the one thing that cannot be the same. */
export function parityTask(kind: ModelKind, texts: Texts, model: SequenceClassifier, folder: string): Task {
  const batchSize = batchSizes[kind];
  const train = texts.take(kind, batchSize * steps[kind]);
  const stages = stagesFor(model, [{ train: "all", epochs: 1, learningRate: 5e-5 }], train, batchSize, 0);
  const common = { model: folder, threads, precision: "float32", seed: 0, batchSize } as const;
  return { ...common, train, evaluation: null, stages, epochsBefore: 0 };
}

export async function lossesOf(side: Side, kind: ModelKind): Promise<Losses> {
  const loss = async () => (await side.ask({ do: "loss" })).loss as number;
  const before = await loss();
  await side.ask({ do: "steps", count: steps[kind] });
  return { before, after: await loss() };
}

/** Throws `NO_PARITY`. */
export function checkParity(what: string, thaw: Losses, torch: Losses): void {
  for (const when of ["before", "after"] as const) {
    if (Math.abs(thaw[when] - torch[when]) <= tolerance[when]) continue; // false for NaN as well
    throw new CodedError(
      "NO_PARITY",
      `${what}: ${when} the first steps the loss is ${thaw[when]} in Thaw and ${torch[when]} in PyTorch, more than ` +
        `${tolerance[when]} apart. They do not compute the same, so their times say nothing: nothing was measured.`,
    );
  }
}
