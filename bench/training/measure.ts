/** The measurement itself, in turns: of two processes one waits while the other works. */
import type { Samples } from "./figures.ts";
import { flopsOf, type ModelSize } from "./flops.ts";
import type { Side } from "./side.ts";
import type { Command, Task } from "./task.ts";
import type { Size, Workload } from "./workloads.ts";

export interface Pair<T> {
  readonly thaw: T;
  readonly torch: T;
}

const sideNames = ["thaw", "torch"] as const;

/** Measures a workload. `start` starts both sides on the task of one seed: each seed of a plan has processes of its own. */
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
