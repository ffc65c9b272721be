/** From a workload to the task that both workers get. */
import { batchesOf } from "../../src/data/batches.ts";
import { type SequenceClassifier, type Stage, Trainer } from "../../src/index.ts";
import { givenIds, givenTexts } from "./givenIds.ts";
import { type EncodedTexts, type Task, type TaskStage, threads } from "./task.ts";
import type { Texts } from "./texts.ts";
import { batchSizes, type Size, type Workload } from "./workloads.ts";

interface TaskInput {
  readonly texts: Texts;
  readonly size: Size;
  /** What it will train: to plan with. */
  readonly model: SequenceClassifier;
  /** Of that model. */
  readonly folder: string;
  readonly seed: number;
}

export function taskOf(workload: Workload, { texts, size, model, folder, seed }: TaskInput): Task {
  const batchSize = batchSizes[workload.model];
  const { precision = "float32" } = workload;
  const common = { model: folder, threads, precision, seed, batchSize } as const;
  const planned = (train: EncodedTexts, stages: readonly Stage[]) => stagesFor(model, stages, train, batchSize, seed);
  switch (workload.kind) {
    case "steps":
    case "later":
    case "epoch": {
      const [stepsPerEpoch, epochs] = shapeOf(workload.kind, size);
      const train = texts.take(workload.model, batchSize * stepsPerEpoch);
      const stages = planned(train, [{ ...workload.stage, epochs }]);
      return { ...common, train, evaluation: null, stages, epochsBefore: workload.kind === "later" ? 1 : 0 };
    }
    case "plan": {
      const [train, evaluation] = texts.split(size.count);
      return { ...common, train, evaluation, stages: planned(train, workload.stages), epochsBefore: 0 };
    }
    case "predict": {
      const train = texts.take(workload.model, size.count);
      const stages = planned(train, [{ train: "head", epochs: 1 }]);
      return { ...common, train, evaluation: null, stages, epochsBefore: 0 };
    }
  }
}

/** Enough for the warm-up and all blocks; only later epochs have an epoch before them, and ends of epochs within. */
function shapeOf(kind: "steps" | "later" | "epoch", { pairs, count, warmUp }: Size): [steps: number, epochs: number] {
  switch (kind) {
    case "steps":
      return [warmUp + pairs * count, 1];
    case "later":
      return [count, 1 + Math.ceil((warmUp + pairs * count) / count)];
    case "epoch":
      return [count, 1];
  }
}

/** The stages as Thaw's own plan has them, and the batches as its seed has them. */
export function stagesFor(
  model: SequenceClassifier,
  stages: readonly Stage[],
  train: EncodedTexts,
  batchSize: number,
  seed: number,
): TaskStage[] {
  const lengths = train.ids.map((ids) => ids.length);
  const plan = new Trainer({
    model,
    tokenizer: givenIds(train.ids),
    trainDataset: givenTexts(train, 0),
    stages,
    // of the 12 x 768 everything is random, and stays so below what a workload trains
    args: { perDeviceTrainBatchSize: batchSize, seed, allowFrozenRandomHead: true },
  }).plan();
  return plan.stages.map(({ stage, learningRates, warmupSteps, row: { firstEpoch } }) => ({
    stage,
    rates: Object.fromEntries(learningRates),
    warmupSteps,
    batches: Array.from({ length: stage.epochs }, (_, epoch) =>
      batchesOf(lengths, { batchSize, seed, epoch: firstEpoch - 1 + epoch }).map((indices) => Array.from(indices)),
    ),
  }));
}
