/**
 * The learning-rate range test (Smith 2015, arXiv:1506.01186; `lr_find` of fastai): trains on real batches while the rate
 * rises geometrically, and puts everything back. Head and encoder layers are tested apart: the layers are frozen while
 * the rate of the head rises, and the head trains at its planned rate while that of the layers rises.
 */
import { PrefixCache } from "../cache/prefixCache.ts";
import { CacheBudget, cacheMemoryOf } from "../cache/rowStore.ts";
import { ThawError } from "../errors.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { AdamW } from "../optim/adamW.ts";
import { bytesOf, type OptionNames, refuseUnknown } from "../options.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { epochSteps } from "../plan/batches.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import type { Stage } from "../plan/stage.ts";
import { inspect } from "../platform/inspect.ts";
import { breathe } from "../platform/threads.ts";
import { type RateSuggestions, SmoothedLoss, suggestRates } from "../schedule/suggestRate.ts";
import type { LossOptions } from "../task/task.ts";
import { section } from "../tensor/section.ts";
import { addMicroBatch, stepOn } from "./stageStep.ts";
import type { OptimizerStep } from "./step.ts";

/** The part of a model whose rate is tested: the head, or everything below it ("body"). */
export type RatePart = "head" | "body";

/** Options of `findLearningRate`. */
export interface FindLearningRateOptions {
  /** The stage that is tested, by its index in the plan or by its name. Default: every stage. */
  readonly stage?: number | string;
  /** The part whose rate is tested. Default: "both", one after the other, where the stage trains both. */
  readonly part?: RatePart | "both";
  /** Learning rate of the first step. Default: 1e-7. */
  readonly startLr?: number;
  /** Learning rate after the last step. Default: 10 for the head, 1 for the body. */
  readonly endLr?: number;
  /** Number of optimizer steps of each test, an integer of at least 20. Default: 100. */
  readonly numSteps?: number;
  /** Aborting it ends the test within one step. In a notebook the Stop button does so too. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

const optionNames: OptionNames<FindLearningRateOptions> = {
  stage: true,
  part: true,
  startLr: true,
  endLr: true,
  numSteps: true,
  signal: true,
};

/** Names of these options in fastai, PyTorch Lightning and torch-lr-finder. */
const elsewhere = {
  stages: "stage, of which one is named; without it all are tested",
  minLr: "startLr",
  maxLr: "endLr",
  startLearningRate: "startLr",
  endLearningRate: "endLr",
  numIt: "numSteps",
  numIter: "numSteps",
  numTraining: "numSteps",
  numBatches: "numSteps",
  stopDiv: "always so: a test ends where the smoothed loss is four times its lowest value",
  divergeTh: "always 4: leave it out",
  stepMode: "always geometric: leave it out",
  showPlot: "not needed: the value shows itself",
  suggestFuncs: "not needed: the value has the suggestions of valley, steep and minimum",
} as const;

/** The curve of one test: the loss of one stage while the rate of one part of the model rises. */
export interface LearningRateCurve {
  /** Index of the stage in the plan, from 0. */
  readonly stage: number;
  /** Name of the stage. */
  readonly name: string;
  /** The part whose rate was raised. */
  readonly part: RatePart;
  /** The learning rate that the stage has in the plan for this part. */
  readonly planned: number;
  /** The learning rate of each step. */
  readonly rates: readonly number[];
  /** The mean loss over the examples of each step, before its update. */
  readonly losses: readonly number[];
  /** The losses smoothed with a weight of 0.98 per step, corrected for their start. */
  readonly smoothed: readonly number[];
  /**
   * Why the test ended: after all of its steps, where the smoothed loss was above four times its lowest value
   * ("diverged"), or where a step would have been NaN or infinite ("not finite").
   */
  readonly ended: "all steps" | "diverged" | "not finite";
  /** The suggested rates; absent if the test ended too early for one. */
  readonly suggestions?: RateSuggestions;
}

/** An event of the tests: the work that has been done so far. */
export interface RateTestEvent {
  /** The work in progress: the pass through the frozen layers, counted in examples, or the tests, in optimizer steps. */
  readonly kind: "prefix" | "step";
  readonly done: number;
  readonly total: number;
  /** The name of the stage that is tested, and the part. */
  readonly name: string;
  readonly part: RatePart;
}

/** The inputs of the tests. */
interface RateTestInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: EncodedDataset;
  readonly loss: LossOptions;
  readonly options: FindLearningRateOptions;
  /** Ends the tests within one step. */
  readonly signal: AbortSignal;
}

/** One test that is to be made. */
interface Test {
  readonly stage: PlannedStage;
  readonly index: number;
  readonly part: RatePart;
  readonly startLr: number;
  readonly endLr: number;
  readonly numSteps: number;
}

/** The smoothed loss, as a multiple of its lowest value, above which a test ends. */
const divergence = 4;

/**
 * Makes the tests that are asked for, one after the other, each from the weights that the model has. Whatever ends them,
 * weights, `requiresGrad` and `newlyInitialized` are put back, bit for bit.
 */
export class RateTests {
  /** The events of the tests; an abort throws the signal's reason. */
  readonly events: AsyncGenerator<RateTestEvent, void>;
  /** The curves of the tests that have ended. */
  readonly curves: LearningRateCurve[] = [];
  readonly #input: RateTestInput;
  readonly #tests: readonly Test[];
  readonly #cache: PrefixCache;
  readonly #restore: readonly (() => void)[];
  #optimizer: AdamW | undefined;
  #step: OptimizerStep | undefined;
  #isClosed = false;

  /** Throws `BAD_ARGUMENT` if the options ask for a stage or a part that the plan does not train. */
  constructor(input: RateTestInput) {
    const { model, plan, args, train, options } = input;
    this.#input = input;
    this.#tests = testsOf(plan, options);
    const budget = new CacheBudget({
      memory: cacheMemoryOf(args),
      disk: args.cacheDisk === undefined ? undefined : bytesOf(args.cacheDisk),
    });
    this.#cache = new PrefixCache(model, train.texts, budget, args.precision);
    const moving = new Set(
      this.#tests.flatMap((test) => [...ratiosOf(test, model).keys(), ...steadyRates(test, model).keys()]),
    );
    this.#restore = [...model.parameters.values()].map((parameter) =>
      parameter.snapshot({ withValues: moving.has(parameter.name) }),
    );
    this.events = this.#run();
  }

  /** The stages of the plan, as they were written. */
  get stages(): readonly Stage[] {
    return this.#input.plan.stages.map(({ stage }) => stage);
  }

  /** Whether the tests have ended and everything is put back and freed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Puts everything back and frees it. It can be repeated, because V8 may terminate it halfway. */
  close(): void {
    if (this.#isClosed) return;
    this.#endTest();
    this.#cache.dispose();
    this.#isClosed = true;
  }

  async *#run(): AsyncGenerator<RateTestEvent, void> {
    try {
      for (const [i, test] of this.#tests.entries()) yield* this.#test(test, i);
    } finally {
      this.close();
    }
  }

  /** Puts the model back after a test, and frees what it held. */
  #endTest(): void {
    this.#step?.dispose();
    this.#optimizer?.dispose();
    for (const restore of this.#restore) restore();
  }

  async *#test(test: Test, position: number): AsyncGenerator<RateTestEvent> {
    const { model, args, train, signal } = this.#input;
    const { stage, index, part, startLr, endLr, numSteps } = test;
    const [ratios, steady] = [ratiosOf(test, model), steadyRates(test, model)];
    for (const [name, parameter] of model.parameters) parameter.requiresGrad = ratios.has(name) || steady.has(name);
    const of = { name: stage.row.name, part };
    if (stage.prefix !== undefined) {
      for await (const done of this.#cache.fill([stage.prefix.cut], signal)) {
        yield { kind: "prefix", done, total: train.texts.length, ...of };
      }
    }
    this.#optimizer = new AdamW({ beta1: args.adamBeta1, beta2: args.adamBeta2, epsilon: args.adamEpsilon });
    const smooth = new SmoothedLoss();
    const curve = { rates: [] as number[], losses: [] as number[], smoothed: [] as number[] };
    const total = this.#tests.reduce((sum, each) => sum + each.numSteps, 0);
    const before = this.#tests.slice(0, position).reduce((sum, each) => sum + each.numSteps, 0);
    let ended: LearningRateCurve["ended"] = "all steps";
    let microBatch = 0;
    for (const [i, microBatches] of stepsFrom(train, args, stage.row.firstEpoch - 1, numSteps)) {
      const rate = startLr * (endLr / startLr) ** (i / numSteps); // as fastai: the last step is one short of the end
      const rates = new Map([...steady, ...[...ratios].map(([name, ratio]) => [name, rate * ratio] as const)]);
      const loss = await this.#makeStep(stage, microBatches, rates, microBatch).catch((error: unknown) => {
        if (i > 0 && error instanceof ThawError && error.code === "NON_FINITE") return undefined;
        throw error;
      });
      if (loss === undefined) {
        ended = "not finite";
        break;
      }
      microBatch += microBatches.length;
      curve.rates.push(rate);
      curve.losses.push(loss);
      const value = smooth.add(loss);
      curve.smoothed.push(value);
      yield { kind: "step", done: before + i + 1, total, ...of };
      if (value > divergence * Math.min(...curve.smoothed)) {
        ended = "diverged";
        break;
      }
      await breathe();
    }
    this.#endTest();
    const suggestions = suggestRates({ rates: curve.rates, losses: curve.smoothed }, numSteps);
    const planned = plannedRate(stage, part) as number;
    this.curves.push({
      ...{ stage: index, ...of, planned, ...curve, ended },
      ...(suggestions === undefined ? {} : { suggestions }),
    });
  }

  /** Makes one optimizer step and returns its loss. An abort between micro-batches changes no weight. */
  async #makeStep(
    stage: PlannedStage,
    microBatches: readonly Uint32Array[],
    learningRates: ReadonlyMap<string, number>,
    firstMicroBatch: number,
  ): Promise<number> {
    const { model, args, loss, train, signal } = this.#input;
    const steps = { model, args, loss, train, optimizer: this.#optimizer as AdamW, trainCache: this.#cache };
    const step = stepOn(steps, microBatches, learningRates);
    this.#step = step;
    try {
      for (const [i, indices] of microBatches.entries()) {
        if (i > 0) await breathe();
        signal.throwIfAborted();
        section(() => addMicroBatch(step, steps, stage, indices, firstMicroBatch + i));
      }
      return section(() => step.finish()).loss;
    } finally {
      step.dispose();
      this.#step = undefined;
    }
  }
}

/** Yields the first `count` optimizer steps from this epoch of the run on, each with its number from 0. */
function* stepsFrom(
  { texts }: EncodedDataset,
  args: ResolvedArguments,
  firstEpoch: number,
  count: number,
): Generator<[number, readonly Uint32Array[]]> {
  let i = 0;
  for (let epoch = firstEpoch; ; epoch++) {
    for (const step of epochSteps(texts, args, epoch)) {
      if (i === count) return;
      yield [i, step];
      i += 1;
    }
  }
}

/**
 * Returns the learning rate that a stage sets for a part of the model; undefined if nothing trains there, whatever is
 * written.
 */
function plannedRate({ row }: PlannedStage, part: RatePart): number | undefined {
  const key = part === "head" ? "headLearningRate" : "learningRate";
  return row[key] === undefined ? undefined : row.resolved[key];
}

/** Returns the rate of each parameter of the part that trains, as a multiple of the stage's rate: the decay of its layer. */
function ratiosOf({ stage, part }: Pick<Test, "stage" | "part">, model: SequenceClassifier): Map<string, number> {
  const planned = plannedRate(stage, part) as number;
  const ofPart = [...stage.learningRates].filter(([name]) => (model.blocks.get(name) === "head") === (part === "head"));
  return new Map(ofPart.map(([name, rate]) => [name, planned > 0 ? rate / planned : 1]));
}

/**
 * Returns the rates of the other part, which do not rise. The head trains at its planned rate while the body is tested:
 * layers below a fresh head that stands still learn next to nothing (MiniLM: the loss falls by 1.5 %, of 0.69). The body
 * stands still while the head is tested: its own learning would be taken for the head's (last 2 layers of MiniLM: a
 * suggestion of 1e-4 for the head, against 2e-3).
 */
function steadyRates({ stage, part }: Pick<Test, "stage" | "part">, model: SequenceClassifier): Map<string, number> {
  if (part === "head") return new Map();
  return new Map([...stage.learningRates].filter(([name]) => model.blocks.get(name) === "head"));
}

/** Checks the options and returns the tests that they ask for. */
function testsOf(plan: Plan, options: FindLearningRateOptions): Test[] {
  const { stage: wanted, part = "both", startLr = 1e-7, numSteps = 100 } = options;
  const parts: readonly RatePart[] = part === "both" ? ["head", "body"] : [part];
  const tests = plan.stages.flatMap((stage, index) => {
    if (wanted !== undefined && wanted !== index && wanted !== stage.row.name) return [];
    return parts
      .filter((each) => plannedRate(stage, each) !== undefined)
      .map((each) => {
        const { endLr = each === "head" ? 10 : 1 } = options;
        if (endLr <= startLr) refuse(`endLr is ${endLr}; it must be above startLr, which is ${startLr}.`);
        return { stage, index, part: each, startLr, endLr, numSteps };
      });
  });
  if (tests.length > 0) return tests;
  const known = plan.stages.map(({ row: { name, trains } }, index) => `${index} (${name}, trains ${trains})`);
  const isThere = plan.stages.some(({ row }, index) => wanted === undefined || wanted === index || wanted === row.name);
  return refuse(
    isThere
      ? `No stage that is asked for trains the ${part}. The plan has the stages ${known.join(", ")}.`
      : `There is no stage ${inspect(wanted)}. The plan has the stages ${known.join(", ")}.`,
  );
}

/** Throws `BAD_ARGUMENT` for an unknown option of `findLearningRate`, and for one of an impossible value. */
export function checkFindLearningRateOptions(options: FindLearningRateOptions): void {
  refuseUnknown(options, optionNames, { kind: "option of findLearningRate", elsewhere });
  const { stage, part = "both", numSteps = 100 } = options;
  if (stage !== undefined && typeof stage !== "number" && typeof stage !== "string") {
    refuse(`stage is ${inspect(stage)}; it is the index of a stage, from 0, or its name.`);
  }
  if (!["head", "body", "both"].includes(part)) refuse(`part is ${inspect(part)}; it is "head", "body" or "both".`);
  for (const key of ["startLr", "endLr"] as const) {
    const rate = options[key];
    if (rate === undefined || (typeof rate === "number" && rate > 0 && Number.isFinite(Math.fround(rate)))) continue;
    refuse(`${key} is ${inspect(rate)}; it must be a number above 0, such as 1e-7.`);
  }
  if (!Number.isSafeInteger(numSteps) || numSteps < 20) {
    refuse(`numSteps is ${inspect(numSteps)}; it must be a whole number of 20 or more.`);
  }
}

function refuse(message: string): never {
  throw new ThawError("BAD_ARGUMENT", message);
}

/** Returns the stages with the rates that `valley` suggests for them, rounded to two digits. */
export function stagesWithRates(stages: readonly Stage[], curves: readonly LearningRateCurve[]): Stage[] {
  return stages.map((stage, index) => ({ ...stage, ...suggestedRates(curves, index) }));
}

/** Returns the settings of a stage that the tests suggest, by the rule `valley`, rounded to two digits. */
export function suggestedRates(
  curves: readonly LearningRateCurve[],
  stage: number,
): Pick<Stage, "learningRate" | "headLearningRate"> {
  const settings = curves.flatMap((curve) => {
    if (curve.stage !== stage || curve.suggestions === undefined) return [];
    const rate = Number(curve.suggestions.valley.toPrecision(2));
    return [[curve.part === "head" ? "headLearningRate" : "learningRate", rate] as const];
  });
  return Object.fromEntries(settings);
}
