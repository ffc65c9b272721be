/** What is measured, under the names that the figures are known by. */
import { lastLayers, progressive, type Stage } from "../../src/index.ts";

/** MiniLM, 6 x 384, on movie-review snippets; or random weights of BERT base's shape, 12 x 768, on 128 tokens a text. */
export type ModelKind = "mini" | "base";

export interface Size {
  /** Thaw and PyTorch in turn, so many times; of a plan, with another seed each. */
  readonly pairs: number;
  /** Optimizer steps of a block, or of an epoch where an epoch is the block; texts of a plan, texts to predict. */
  readonly count: number;
  /** Steps before the first block; texts before the first prediction. An epoch is preceded by another one anyway. */
  readonly warmUp: number;
}

interface Common {
  readonly name: string;
  readonly title: string;
  readonly model: ModelKind;
  /** Thaw's time over PyTorch's, at most. */
  readonly asked: number;
  readonly precision?: "bfloat16";
  readonly normal: Size;
  readonly quick: Size;
}

/**
 * `steps`: consecutive steps of one run. `later`: the same after an epoch in which Thaw has come to know the outputs of
 * the frozen layers. `epoch`: a whole first epoch, in which it computes them; a step is its share of that.
 */
export interface TrainingWorkload extends Common {
  readonly kind: "steps" | "later" | "epoch";
  readonly stage: Omit<Stage, "epochs">;
}

/** A whole run with evaluation after every epoch; `count` texts to train on, as many to evaluate on. */
export interface PlanWorkload extends Common {
  readonly kind: "plan";
  readonly stages: readonly Stage[];
}

export interface PredictWorkload extends Common {
  readonly kind: "predict";
}

export type Workload = TrainingWorkload | PlanWorkload | PredictWorkload;

export const batchSizes: Readonly<Record<ModelKind, number>> = { mini: 16, base: 8 };

const everything = { train: "all", learningRate: 5e-5 } as const;
const head = { train: "head", headLearningRate: 1e-3 } as const;
const topLayers = (layers: number): Omit<Stage, "epochs"> => lastLayers(layers, { headLearningRate: 1e-4 })[0] as Stage;

const mini = {
  model: "mini",
  normal: { pairs: 6, count: 20, warmUp: 5 },
  quick: { pairs: 3, count: 4, warmUp: 2 },
} as const;
const miniEpoch = { ...mini, normal: { pairs: 5, count: 50, warmUp: 0 } } as const;
const base = {
  model: "base",
  normal: { pairs: 5, count: 3, warmUp: 2 },
  quick: { pairs: 2, count: 1, warmUp: 1 },
} as const;

export const workloads: readonly Workload[] = [
  { ...mini, name: "w1-full", kind: "steps", title: "MiniLM, full step", stage: everything, asked: 0.28 },
  {
    ...miniEpoch,
    name: "w1-last2-first",
    kind: "epoch",
    title: "MiniLM, last 2 layers, first epoch",
    stage: topLayers(2),
    asked: 0.26,
  },
  {
    ...mini,
    name: "w1-last2-later",
    kind: "later",
    title: "MiniLM, last 2 layers, later epochs",
    stage: topLayers(2),
    asked: 0.16,
  },
  {
    ...miniEpoch,
    name: "w1-head-first",
    kind: "epoch",
    title: "MiniLM, classifier only, first epoch",
    stage: head,
    asked: 0.26,
  },
  {
    ...mini,
    name: "w1-head-later",
    kind: "later",
    title: "MiniLM, classifier only, later epochs",
    stage: head,
    asked: 0.02,
  },
  { ...base, name: "w2-full", kind: "steps", title: "12 x 768, full step", stage: everything, asked: 0.45 },
  {
    ...base,
    name: "w2-last4",
    kind: "epoch",
    title: "12 x 768, last 4 layers, first epoch",
    stage: topLayers(4),
    asked: 0.45,
  },
  {
    ...base,
    name: "w2-head-warm",
    kind: "later",
    title: "12 x 768, classifier only, warm cache",
    stage: head,
    asked: 0.02,
  },
  {
    name: "w3-plan",
    kind: "plan",
    title: "MiniLM, 10-epoch progressive plan",
    model: "mini",
    stages: progressive(),
    asked: 0.25,
    normal: { pairs: 3, count: 1000, warmUp: 0 },
    quick: { pairs: 1, count: 48, warmUp: 0 },
  },
  {
    name: "w4-predict",
    kind: "predict",
    title: "MiniLM, predict",
    model: "mini",
    asked: 0.25,
    normal: { pairs: 5, count: 5000, warmUp: 256 },
    quick: { pairs: 2, count: 320, warmUp: 64 },
  },
  {
    ...mini,
    name: "w1-full-bf16",
    kind: "steps",
    title: "MiniLM, full step, bfloat16",
    stage: everything,
    asked: 0.4,
    precision: "bfloat16",
  },
  {
    ...base,
    name: "w2-full-bf16",
    kind: "steps",
    title: "12 x 768, full step, bfloat16",
    stage: everything,
    asked: 0.55,
    precision: "bfloat16",
  },
];
