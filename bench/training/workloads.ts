/** The workloads that are measured, by the names under which their figures are known, and the command line that chooses them. */
import { parseArgs } from "node:util";
import { ThawError } from "../../src/errors.ts";
import { lastLayers, progressive, type Stage } from "../../src/index.ts";

/** MiniLM, 6 x 384, on movie-review snippets; or random weights of BERT base's shape, 12 x 768, on texts of 128 tokens. */
export type ModelKind = "mini" | "base";

export interface Size {
  /** The number of blocks of each side, which take turns. Those of a plan have different seeds. */
  readonly pairs: number;
  /** The number of optimizer steps of a block or, where it is the block, an epoch; of examples of a plan or a prediction. */
  readonly count: number;
  /** The number of steps, or of examples to predict, before the first block. An epoch is preceded by another one anyway. */
  readonly warmUp: number;
}

interface Common {
  readonly name: string;
  readonly title: string;
  readonly model: ModelKind;
  /** The target: Thaw's time over PyTorch's, at most. */
  readonly asked: number;
  readonly precision?: "bfloat16";
  readonly normal: Size;
  readonly quick: Size;
}

/**
 * Training within one stage. `steps` are consecutive steps of one run. `later` are the same after an epoch in which Thaw has
 * cached the outputs of the frozen layers. `epoch` is a whole first epoch, in which it computes them; a step is its share of
 * that.
 */
interface TrainingWorkload extends Common {
  readonly kind: "steps" | "later" | "epoch";
  readonly stage: Omit<Stage, "epochs">;
}

/** A whole run with evaluation after every epoch: `count` examples to train on, as many to evaluate on. */
interface PlanWorkload extends Common {
  readonly kind: "plan";
  readonly stages: readonly Stage[];
}

interface PredictWorkload extends Common {
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

export interface Arguments {
  /** The names of the workloads; all of them where none was named. */
  readonly names: readonly string[];
  /** Takes fewer and shorter blocks, to see that everything runs and the ratios are plausible. */
  readonly quick: boolean;
  /** Prints only the figures to standard output, as JSON. */
  readonly json: boolean;
}

/** Reads the command line. Errors: `BAD_ARGUMENT`. */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments {
  const { only, quick, json } = parse(argv);
  const names = only?.split(",") ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ThawError("BAD_ARGUMENT", `There is no workload "${unknown.join('", "')}": use ${known.join(", ")}.`);
  }
  return { names, quick, json };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        only: { type: "string" },
      },
    }).values;
  } catch (cause) {
    const problem = cause instanceof Error ? (cause.message.split(". ")[0] as string) : String(cause);
    throw new ThawError("BAD_ARGUMENT", `${problem}. Known are --only NAME,NAME, --quick and --json.`, { cause });
  }
}
