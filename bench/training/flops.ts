/**
 * Model FLOPs, the least that the products of a pass need. A weight of a layer counts 2 for each real token going forward and
 * 4 going backward where the layer trains (its gradient, and its input's); a weight of the head counts the same for each
 * example. Embeddings, the products within attention and padding are not counted.
 */
import type { SequenceClassifier } from "../../src/index.ts";
import type { EncodedTexts, Task } from "./task.ts";
import type { Size, Workload } from "./workloads.ts";

export interface ModelSize {
  /** The number of weights of one encoder layer. */
  readonly layer: number;
  /** The number of encoder layers. */
  readonly depth: number;
  /** The number of weights of the head. */
  readonly head: number;
}

interface Work {
  /** The number of examples. */
  readonly texts: number;
  /** The number of tokens without padding. */
  readonly tokens: number;
  /** The number of layers, from the top, that are computed forward. Those below are cached. */
  readonly forwardLayers: number;
  /** The number of layers, from the top, that train. */
  readonly trainedLayers: number;
  /** Whether the head trains: false for a prediction. */
  readonly trained: boolean;
}

export function modelFlops(size: ModelSize, { texts, tokens, forwardLayers, trainedLayers, trained }: Work): number {
  const layers = size.layer * tokens * (2 * forwardLayers + 4 * trainedLayers);
  return layers + size.head * texts * (trained ? 6 : 2);
}

export function sizeOf(model: SequenceClassifier): ModelSize {
  const sum = (accept: (block: unknown) => boolean) =>
    [...model.parameters.values()].reduce((total, { block, size }) => total + (accept(block) ? size : 0), 0);
  return { layer: sum((block) => block === 0), depth: model.depth, head: sum((block) => block === "head") };
}

/** Counts the FLOPs of all blocks of a side; undefined for a plan, whose stages do different work. */
export function flopsOf(
  workload: Workload,
  size: Size,
  task: Task,
  model: ModelSize,
  side: "thaw" | "torch",
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

/** Counts the encoder layers from the lowest one that trains. */
function trainedLayersOf({ stages }: Task, depth: number): number {
  const names = Object.keys(stages[0]?.rates ?? {});
  const layers = names.flatMap((name) => /\.layer\.(\d+)\./.exec(name)?.[1] ?? []).map(Number);
  return layers.length === 0 ? 0 : depth - Math.min(...layers);
}

/** Takes the examples of all blocks of steps; of other workloads those of one block, since every block has the same. */
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

/** Counts the tokens without padding. */
const tokensOf = ({ ids }: EncodedTexts): number => ids.reduce((sum, row) => sum + row.length, 0);
