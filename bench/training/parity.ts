/** The check that both sides do the same before they are timed: same weights and batches give the same losses. */
import { CodedError } from "../../shared/codedError.ts";
import type { Side } from "./side.ts";
import type { ModelKind } from "./workloads.ts";

interface Losses {
  /** The loss of the first batch before any step. */
  readonly before: number;
  /** The loss of the same batch after the steps. */
  readonly after: number;
}

/** Only rounding may differ before the steps; AdamW turns gradients of almost nothing into steps of full size. */
const tolerance: Losses = { before: 1e-4, after: 1e-3 };

/** So many full steps show that the order of the batches, the clipping and the learning rates are the same. */
export const paritySteps: Readonly<Record<ModelKind, number>> = { mini: 3, base: 1 };

/** Asks a side for the losses before and after the steps. */
export async function lossesOf(side: Side, kind: ModelKind): Promise<Losses> {
  const loss = async () => (await side.ask({ do: "loss" })).loss as number;
  const before = await loss();
  await side.ask({ do: "steps", count: paritySteps[kind] });
  return { before, after: await loss() };
}

/** Compares the losses. Errors: `NO_PARITY`. */
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
