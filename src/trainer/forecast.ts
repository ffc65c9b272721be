/** What a run will need of time and memory, before it begins. */
import { formatBytes } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { reusableCuts, usefulCuts } from "../plan/cost.ts";
import { type MemoryNeed, stageMemory } from "../plan/memory.ts";
import { type Plan, sizeOf } from "../plan/plan.ts";
import { stageSeconds } from "../plan/seconds.ts";
import { speedOf } from "../plan/speed.ts";
import type { ResolvedArguments } from "./arguments.ts";
import { cacheMemoryOf } from "./cacheBudget.ts";
import { epochSteps } from "./epochSteps.ts";
import { bytesOf } from "./memorySize.ts";
import { prefixBytes } from "./prefixCache.ts";

export interface ForecastInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: readonly EncodedText[];
  /** Empty where nothing is evaluated. */
  readonly evaluation: readonly EncodedText[];
}

/** Of one stage. */
export interface StageForecast {
  readonly seconds: number;
  /** Largest resident memory of the process, in bytes. */
  readonly memory: number;
  readonly need: MemoryNeed;
}

const tokensOf = (texts: readonly EncodedText[]) => texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);

/** Batches of an evaluation and of the pass through the frozen layers have 2,048 tokens at most, or one text. */
const passTokens = 2048;

/** One forecast a stage. `resident`: what the process holds before training, in bytes; default: now. */
export function forecast(input: ForecastInput, resident: number = process.memoryUsage.rss()): readonly StageForecast[] {
  const { model, plan, args, train, evaluation } = input;
  const [trainTokens, evalTokens] = [tokensOf(train), tokensOf(evaluation)];
  const texts = [...train, ...evaluation];
  const typical = lengthsOf(train, epochSteps(train, args, 0)[0]?.[0] ?? new Uint32Array());
  const speed = speedOf(model, typical, args.precision);
  let stored: readonly number[] = [];
  let firstEpoch = 0;
  return plan.stages.map(({ stage, trainable, cut }, index) => {
    const isCached = cut >= 0 && !args.frozenDropout;
    let prefix: readonly [number, number] = [0, 0];
    if (isCached && !stored.includes(cut)) {
      const cuts = reusableCuts(plan.stages, index);
      const below = stored.filter((other) => other <= Math.min(...cuts));
      prefix = [Math.max(0, ...below), Math.max(...cuts)];
      stored = [...new Set([...stored, ...cuts])];
    }
    const need = stageMemory({
      model,
      trainable,
      cut: isCached ? cut : -1,
      lengths: largestBatch(train, args, firstEpoch, stage.epochs),
      passTokens: Math.min(passTokens, Math.max(trainTokens, evalTokens)),
      gradientAccumulationSteps: args.gradientAccumulationSteps,
      gradientCheckpointing: args.gradientCheckpointing,
      precision: args.precision,
      keptParameters: evaluation.length > 0 && args.loadBestModelAtEnd ? sizeOf(plan.trainable, model) : 0,
      cache: Math.min(
        cacheMemoryOf(args),
        stored.reduce((sum, each) => sum + prefixBytes(model, texts, each), 0),
      ),
    });
    const steps = epochSteps(train, args, firstEpoch);
    const seconds = stageSeconds({
      ...{ model, trainable, speed, trainTokens, evalTokens, prefix },
      cut: isCached ? cut : -1,
      evalCut: isCached ? cut : -1,
      epochs: stage.epochs,
      steps: steps.length,
      microBatches: steps.reduce((sum, { length }) => sum + length, 0),
      gradientCheckpointing: args.gradientCheckpointing,
      hashed: sizeOf(plan.trainable, model) - sizeOf(trainable, model),
    });
    firstEpoch += stage.epochs;
    const useful = usefulCuts(plan.stages, index);
    stored = stored.filter((each) => useful.includes(each));
    return { seconds, memory: resident + need.peak, need };
  });
}

/** Throws `MAX_MEMORY` where a stage is predicted to need more than `args.maxMemory`, with what would fit. */
export function checkMemory(input: ForecastInput, forecasts: readonly StageForecast[], resident: number): void {
  const { plan, args } = input;
  const limit = args.maxMemory === undefined ? Number.POSITIVE_INFINITY : (bytesOf(args.maxMemory) as number);
  const index = forecasts.findIndex(({ memory }) => memory > limit);
  const { memory, need } = forecasts[index] ?? {};
  if (memory === undefined || need === undefined) return;
  const name = plan.stages[index]?.row.name;
  const changes = remedies(args).flatMap(({ change, args }) => {
    const most = Math.max(...forecast({ ...input, args }, resident).map((each) => each.memory));
    return most <= limit ? [`${change} (${formatBytes(most)})`] : [];
  });
  throw new ThawError(
    "MAX_MEMORY",
    `Stage ${index} (${name}) is predicted to need ${formatBytes(memory)}, but maxMemory allows ${formatBytes(limit)}: ` +
      `${formatBytes(resident)} are in use, moments take ${formatBytes(need.moments)}, gradients ` +
      `${formatBytes(need.gradients)}, activations ${formatBytes(need.activations)}. ` +
      (changes.length > 0
        ? `What would fit: ${changes.slice(0, 3).join("; or ")}.`
        : "Freeze more layers, or allow more: neither a smaller batch nor gradientCheckpointing is enough."),
  );
}

/** Changes that keep the result of the training (but for rounding), the cheapest first. */
function remedies(args: ResolvedArguments): { change: string; args: ResolvedArguments }[] {
  const { perDeviceTrainBatchSize: size, gradientAccumulationSteps: steps } = args;
  const splits = [];
  for (let parts = 2; parts <= size; parts *= 2) {
    const smaller = { perDeviceTrainBatchSize: Math.ceil(size / parts), gradientAccumulationSteps: steps * parts };
    splits.push({
      change:
        `perDeviceTrainBatchSize: ${smaller.perDeviceTrainBatchSize} with ` +
        `gradientAccumulationSteps: ${smaller.gradientAccumulationSteps}`,
      args: { ...args, ...smaller },
    });
  }
  const checkpointing = { change: "gradientCheckpointing: true", args: { ...args, gradientCheckpointing: true } };
  return args.gradientCheckpointing ? splits : [...splits, checkpointing];
}

function lengthsOf(texts: readonly EncodedText[], rows: Uint32Array): number[] {
  return Array.from(rows, (row) => (texts[row] as EncodedText).inputIds.length);
}

const epochsLookedAt = 20;

/** Lengths of the micro-batch with the most tokens that the stage will see: the order of the data is known beforehand. */
function largestBatch(
  texts: readonly EncodedText[],
  args: ResolvedArguments,
  firstEpoch: number,
  epochs: number,
): number[] {
  let largest: number[] = [];
  let most = 0;
  for (let epoch = firstEpoch; epoch < firstEpoch + Math.min(epochs, epochsLookedAt); epoch++) {
    for (const rows of epochSteps(texts, args, epoch).flat()) {
      const lengths = lengthsOf(texts, rows);
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      if (tokens > most) [largest, most] = [lengths, tokens];
    }
  }
  return largest;
}
