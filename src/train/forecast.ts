/** Forecasts the time and memory that a run will need, and refuses a run that would not fit into memory. */
import { currentHost } from "../../shared/host.ts";
import { cacheMemoryOf } from "../cache/rowStore.ts";
import { formatBytes } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import type { EncodedText } from "../models/packedBatch.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { bytesOf } from "../options.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import { epochSteps, passTokens } from "../plan/batches.ts";
import { type MemoryNeed, stageMemory } from "../plan/memory.ts";
import { type Plan, sizeOf } from "../plan/plan.ts";
import { prefixBytes } from "../plan/prefix.ts";
import { speedOf, stageSeconds } from "../plan/speed.ts";
import { asOutOfMemory, reserve } from "../platform/machine.ts";
import { memoryLeft, releaseMemory } from "../tensor/memory.ts";

/** The inputs of a forecast. */
export interface ForecastInput {
  readonly model: SequenceClassifier;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: readonly EncodedText[];
  /** The validation data; empty if nothing is evaluated. */
  readonly evaluation: readonly EncodedText[];
}

/** The forecast of one stage. */
export interface StageForecast {
  /** Wall time, the pass through the frozen layers included. */
  readonly seconds: number;
  /** Largest resident memory of the process, in bytes. */
  readonly memory: number;
  /** Memory that the stage needs in addition to that held before it. */
  readonly need: MemoryNeed;
}

/** Returns the resident memory of this process in bytes, after releasing free memory. */
export function residentMemory(): number {
  releaseMemory();
  return process.memoryUsage.rss();
}

/**
 * Bytes that the kernel will still take in this time: its language service loads the types of a cell's imports while
 * the next cell runs.
 */
const pendingMemory = (seconds: number): number => currentHost()?.pendingMemory?.(seconds) ?? 0;

const tokensOf = (texts: readonly EncodedText[]) => texts.reduce((sum, { inputIds }) => sum + inputIds.length, 0);

/**
 * Forecasts the time and memory of each stage. `resident` is the memory in bytes that the process holds before
 * training; default: `residentMemory()`. Memory that the surrounding kernel will take by the end of a stage is added.
 */
export function forecast(input: ForecastInput, resident?: number): readonly StageForecast[] {
  const { model, plan, args, train, evaluation } = input;
  const [trainTokens, evalTokens] = [tokensOf(train), tokensOf(evaluation)];
  const texts = [...train, ...evaluation];
  const typical = lengthsOf(train, epochSteps(train, args, 0)[0]?.[0] ?? new Uint32Array());
  const speed = speedOf(model, typical, args.precision);
  const restoresStages = plan.stages.some(({ stage }) => stage.restoreBest === true);
  const copies = evaluation.length === 0 ? 0 : Number(args.loadBestModelAtEnd) + Number(restoresStages); // of the best weights
  const base = resident ?? residentMemory(); // the memory of the measurement is free again
  let firstEpoch = 0;
  let secondsSoFar = 0;
  return plan.stages.map(({ row, trainable, prefix }) => {
    const cut = prefix?.cut ?? -1;
    const need = stageMemory({
      model,
      trainable,
      cut,
      lengths: largestBatch(train, args, firstEpoch, row.epochs),
      passTokens: Math.min(passTokens, Math.max(trainTokens, evalTokens)),
      gradientAccumulationSteps: args.gradientAccumulationSteps,
      gradientCheckpointing: args.gradientCheckpointing,
      precision: args.precision,
      keptParameters: copies * sizeOf(plan.trainable, model),
      largestCopy: Math.max(
        0,
        ...[...model.parameters.values()]
          .filter(({ name }) => !trainable.has(name) || (copies > 0 && plan.trainable.has(name)))
          .map(({ size }) => size),
      ),
      cache: Math.min(
        cacheMemoryOf(args),
        (prefix?.stored ?? []).reduce((sum, each) => sum + prefixBytes(model, texts, each), 0),
      ),
    });
    const steps = epochSteps(train, args, firstEpoch);
    const seconds = stageSeconds({
      ...{ model, trainable, speed, trainTokens, evalTokens, cut },
      prefix: prefix?.pass ?? [0, 0],
      epochs: row.epochs,
      steps: steps.length,
      microBatches: steps.reduce((sum, { length }) => sum + length, 0),
      gradientCheckpointing: args.gradientCheckpointing,
      hashed: sizeOf(plan.trainable, model) - sizeOf(trainable, model),
    });
    firstEpoch += row.epochs;
    secondsSoFar += seconds;
    return { seconds, memory: base + pendingMemory(secondsSoFar) + need.peak, need };
  });
}

/**
 * Throws if a stage is predicted to need more memory than allowed, with changes that would fit: `MAX_MEMORY` above
 * `args.maxMemory`, or, if that is not set, `OUT_OF_MEMORY` above the memory that this process can still get.
 */
export function checkMemory(input: ForecastInput, forecasts: readonly StageForecast[], resident: number): void {
  const { plan, args } = input;
  const allowed = allowedBy(args, resident);
  const index = forecasts.findIndex((each) => !allowed.fits(each, 0));
  const { memory, need } = forecasts[index] ?? {};
  if (memory === undefined || need === undefined) return;
  throw new ThawError(
    allowed.code,
    `Stage ${index} (${plan.stages[index]?.row.name}) is predicted to need ${formatBytes(memory)}, but ${allowed.because}: ` +
      `${formatBytes(resident)} are in use, moments take ${formatBytes(need.moments)}, gradients ` +
      `${formatBytes(need.gradients)}, activations ${formatBytes(need.activations)}. ${wouldFit(input, resident, allowed)}` +
      (allowed.code === "OUT_OF_MEMORY"
        ? " Or set maxMemory to what the process may hold, and train all the same."
        : ""),
  );
}

/** The limit of a run's memory. */
interface Allowed {
  readonly code: "MAX_MEMORY" | "OUT_OF_MEMORY";
  /** The reason for the limit, as a part of a sentence. */
  readonly because: string;
  /** Tells whether a stage fits with `spare` bytes left over. */
  readonly fits: (stage: StageForecast, spare: number) => boolean;
}

function allowedBy({ maxMemory }: ResolvedArguments, resident: number): Allowed {
  if (maxMemory === undefined) return allowedNow(resident);
  const limit = bytesOf(maxMemory) as number;
  return {
    code: "MAX_MEMORY",
    because: `maxMemory allows ${formatBytes(limit)}`,
    fits: ({ memory }, spare) => memory + spare <= limit,
  };
}

/** Returns the limit set by the memory that this process can still get. */
function allowedNow(resident: number): Allowed {
  const { bytes, limit, tensors, others } = memoryLeft();
  return {
    code: "OUT_OF_MEMORY",
    because: `only ${formatBytes(bytes)} more can be had ${limit}, of which tensors may take ${formatBytes(tensors)}`,
    fits: ({ memory, need }, spare) =>
      memory - resident + spare + reserve <= bytes &&
      need.tensors + spare <= tensors &&
      memory - resident - need.tensors + spare + reserve <= others,
  };
}

/**
 * Adds changes that would have fitted to the error of a run that ran out of memory; returns any other error unchanged.
 */
export function withWhatFits(error: unknown, input: () => ForecastInput): unknown {
  const known = asOutOfMemory(error);
  if (!(known instanceof ThawError) || known.code !== "OUT_OF_MEMORY") return error;
  const resident = residentMemory();
  const advice = wouldFit(input(), resident, allowedNow(resident));
  return new ThawError("OUT_OF_MEMORY", `${known.message} The weights are those of the step before. ${advice}`, {
    cause: error,
  });
}

/** Bytes by which another run grows the process beyond the forecast: garbage, code and heap growth. */
const untilNextRun = 40e6;

/** Describes the changes with which every stage fits. */
function wouldFit(input: ForecastInput, resident: number, { fits }: Allowed): string {
  const changes = remedies(input.args).flatMap(({ change, args }) => {
    const stages = forecast({ ...input, args }, resident);
    if (!stages.every((stage) => fits(stage, untilNextRun))) return [];
    return [`${change} (${formatBytes(Math.max(...stages.map(({ memory }) => memory)))})`];
  });
  if (changes.length > 0) return `What would fit: ${changes.slice(0, 3).join("; or ")}.`;
  return "Freeze more layers, or allow more: neither a smaller batch nor gradientCheckpointing is enough.";
}

/** Lists changes that keep the result of the training (except for rounding), the cheapest first. */
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

/**
 * Returns the lengths of the largest micro-batch of the stage, by tokens; the order of the data is known beforehand.
 */
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
