/** The measurement itself: A B A B, of two processes of which one waits while the other works. */
import type { Samples } from "./figures.ts";
import { type ModelSize, modelFlops } from "./flops.ts";
import type { Side } from "./side.ts";
import type { Command, EncodedTexts, Task } from "./task.ts";
import { tokensOf } from "./texts.ts";
import type { Size, Workload } from "./workloads.ts";

export interface Pair<T> {
  readonly thaw: T;
  readonly torch: T;
}

const sideNames = ["thaw", "torch"] as const;

/** `start` starts both sides on the task of one seed; each seed of a plan has processes of its own. */
export async function measure(
  workload: Workload,
  size: Size,
  tasks: readonly Task[],
  model: ModelSize,
  start: (seed: number) => Pair<Side>,
): Promise<Pair<Samples>> {
  const blocks: Pair<number[][]> = { thaw: [], torch: [] };
  const accuracies: Pair<number[]> = { thaw: [], torch: [] };
  const peaks: Pair<number[]> = { thaw: [], torch: [] };
  for (const [seed, task] of tasks.entries()) {
    const sides = start(seed);
    try {
      await Promise.all(sideNames.map((name) => sides[name].ask({ do: "memory" }))); // until both have loaded
      for (const name of sideNames) await warmUp(workload, size, task, sides[name], name);
      for (let pair = 0; pair < size.pairs / tasks.length; pair++) {
        for (const name of sideNames) {
          const { ms = [], accuracy } = await sides[name].ask(blockOf(workload, size));
          blocks[name].push([...ms]);
          if (accuracy !== undefined) accuracies[name].push(accuracy);
        }
      }
      for (const name of sideNames) peaks[name].push((await sides[name].ask({ do: "memory" })).peakRssMb as number);
    } finally {
      await Promise.all(sideNames.map((name) => sides[name].end()));
    }
  }
  const samples = (name: (typeof sideNames)[number]): Samples => ({
    blocks: blocks[name],
    peakRssMb: Math.max(...peaks[name]),
    // a prediction's is the same every time
    accuracies: workload.kind === "predict" ? accuracies[name].slice(-1) : accuracies[name],
    flops: flopsOf(workload, size, tasks[0] as Task, model, name),
  });
  return { thaw: samples("thaw"), torch: samples("torch") };
}

function blockOf({ kind }: Workload, { count }: Size): Command {
  switch (kind) {
    case "steps":
    case "later":
      return { do: "steps", count };
    case "predict":
      return { do: "predict", count };
    default:
      return { do: kind };
  }
}

async function warmUp(workload: Workload, size: Size, task: Task, side: Side, name: keyof Pair<Side>): Promise<void> {
  const before = name === "thaw" ? task.epochsBefore * (task.stages[0]?.batches[0]?.length ?? 0) : 0;
  switch (workload.kind) {
    case "steps":
    case "later":
      await side.ask({ do: "steps", count: before + size.warmUp });
      return;
    case "predict":
      await side.ask({ do: "predict", count: size.warmUp });
      return;
    case "epoch":
      await side.ask({ do: "epoch" });
      return;
    case "plan": // its first steps are as much a part of it as its last
  }
}

/** Of all blocks; undefined of a plan, of which each stage does something else. */
function flopsOf(
  workload: Workload,
  size: Size,
  task: Task,
  model: ModelSize,
  side: keyof Pair<Side>,
): number | undefined {
  if (workload.kind === "plan") return undefined;
  const measuredTexts = textsOf(workload, size, task);
  const texts = measuredTexts.ids.length;
  const tokens = tokensOf(measuredTexts);
  const whole = { texts, tokens, forwardLayers: model.depth, trainedLayers: 0, trained: false };
  if (workload.kind === "predict") return size.pairs * modelFlops(model, whole);
  const trainedLayers = trainedLayersOf(task, model.depth);
  const forwardLayers = workload.kind === "later" && side === "thaw" ? trainedLayers : model.depth;
  const flops = modelFlops(model, { ...whole, forwardLayers, trainedLayers, trained: true });
  // an epoch's sample is a step of it
  return workload.kind === "epoch" ? (size.pairs * flops) / size.count : flops;
}

/** Encoder layers from the lowest that trains on. */
function trainedLayersOf({ stages }: Task, depth: number): number {
  const names = Object.keys(stages[0]?.rates ?? {});
  const layers = names.flatMap((name) => /\.layer\.(\d+)\./.exec(name)?.[1] ?? []).map(Number);
  return layers.length === 0 ? 0 : depth - Math.min(...layers);
}

/** Of all blocks of steps; of one block elsewhere, since each has the same. */
function textsOf(
  workload: Workload,
  { pairs, count, warmUp }: Size,
  { train, stages, epochsBefore }: Task,
): EncodedTexts {
  if (workload.kind !== "steps" && workload.kind !== "later") return train;
  const batches = stages[0]?.batches ?? [];
  const first = epochsBefore * (batches[0]?.length ?? 0) + warmUp;
  const rows = batches
    .flat()
    .slice(first, first + pairs * count)
    .flat();
  return {
    ids: rows.map((row) => train.ids[row] as readonly number[]),
    labels: rows.map((row) => train.labels[row] as number),
  };
}
