/** Everything that both sides need, made before anything is measured: models in folders, and the tasks. */
import { join } from "node:path";
import { batchesOf } from "../../src/data/batches.ts";
import { AutoTokenizer, type SequenceClassifier, type Stage, Trainer } from "../../src/index.ts";
import { miniLM } from "../inputs.ts";
import { type ModelSize, sizeOf } from "./flops.ts";
import { makeModel, saveBoth, stillOf, Texts } from "./inputs.ts";
import { paritySteps } from "./parity.ts";
import { type EncodedTexts, givenIds, givenTexts, type Task, type TaskStage, threads } from "./task.ts";
import { batchSizes, type ModelKind, type Size, type Workload } from "./workloads.ts";

/** A workload that is ready to be measured. */
interface Prepared {
  readonly workload: Workload;
  readonly size: Size;
  /** One task per seed: a plan has as many seeds as pairs, other workloads one. */
  readonly tasks: readonly Task[];
  readonly model: ModelSize;
}

interface Preparation {
  /** The workloads in their order. */
  readonly prepared: readonly Prepared[];
  /** The task of the parity check for each model in use, and at least one. */
  readonly parity: ReadonlyMap<ModelKind, Task>;
}

/** Prepares the workloads in the folder `place`. */
export async function prepare(able: readonly Workload[], quick: boolean, place: string): Promise<Preparation> {
  const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
  const texts = await Texts.read(tokenizer);
  const prepared = new Map<Workload, Prepared>();
  const parity = new Map<ModelKind, Task>();
  const kinds = new Set<ModelKind>(able.map(({ model }) => model));
  for (const kind of kinds.size > 0 ? kinds : (["mini"] as const)) {
    const own = able
      .filter(({ model }) => model === kind)
      .map((workload) => ({ workload, size: quick ? workload.quick : workload.normal }))
      .map(({ workload, size }) => ({ workload, size, seeds: workload.kind === "plan" ? size.pairs : 1 }));
    for (let seed = 0; seed < Math.max(1, ...own.map(({ seeds }) => seeds)); seed++) {
      const folder = join(place, `${kind}-${seed}`);
      const model = await makeModel(kind, seed);
      await saveBoth(folder, model, tokenizer);
      if (seed === 0) parity.set(kind, parityTask(kind, texts, model, stillOf(folder)));
      for (const { workload, size } of own.filter(({ seeds }) => seed < seeds)) {
        const task = taskOf(workload, { texts, size, model, folder, seed });
        const tasks = [...(prepared.get(workload)?.tasks ?? []), task];
        prepared.set(workload, { workload, size, tasks, model: sizeOf(model) });
      }
      model.dispose();
    }
  }
  return { prepared: able.map((workload) => prepared.get(workload) as Prepared), parity };
}

interface TaskInput {
  readonly texts: Texts;
  readonly size: Size;
  /** The model that the task will train, to plan with. */
  readonly model: SequenceClassifier;
  /** The folder of that model. */
  readonly folder: string;
  readonly seed: number;
}

/** Makes the task that both workers get for a workload. */
function taskOf(workload: Workload, { texts, size, model, folder, seed }: TaskInput): Task {
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

/** Makes epochs long enough for the warm-up and all blocks. Only later epochs have others before them, and ends within. */
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

/** Takes the stages from Thaw's own plan, and the batches from its seed. */
function stagesFor(
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
    // the 12 x 768 is random, and stays so below the layers that a workload trains
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

/** Makes the task of the parity check. `folder` has the model without dropout, since its masks cannot be the same. */
function parityTask(kind: ModelKind, texts: Texts, model: SequenceClassifier, folder: string): Task {
  const batchSize = batchSizes[kind];
  const train = texts.take(kind, batchSize * paritySteps[kind]);
  const stages = stagesFor(model, [{ train: "all", epochs: 1, learningRate: 5e-5 }], train, batchSize, 0);
  const common = { model: folder, threads, precision: "float32", seed: 0, batchSize } as const;
  return { ...common, train, evaluation: null, stages, epochsBefore: 0 };
}
