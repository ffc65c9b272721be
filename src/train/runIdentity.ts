/** Tells whether a run can go on from a checkpoint: which facts about it have to be the same, and which may differ. */
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import type { EncodedDataset } from "../evaluate/encodedDataset.ts";
import type { HuggingFaceConfig } from "../models/config/config.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { ResolvedArguments } from "../plan/arguments.ts";
import type { Plan, StagePlan } from "../plan/plan.ts";
import { createHash } from "../platform/bytes.ts";
import type { DataRecord } from "./runRecord.ts";
import { combinedHash, type Fingerprint, fingerprint } from "./weights.ts";

/** The facts that decide what a run does, as plain JSON data. */
export interface RunIdentity {
  /** The model's config without the texts of its file. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The keys of its file, of which a family may read further ones. */
  readonly rawConfig: Readonly<Record<string, unknown>>;
  /** Shapes of the parameters by their names. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** The training data, and the SHA-256 of its token ids. */
  readonly data: Pick<DataRecord, "rows" | "labels" | "problemType" | "sha256"> & { readonly tokens: string };
  /** The arguments that change what is computed. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly stages: readonly StageIdentity[];
}

type StageIdentity = Pick<StagePlan, "name" | "resolved" | "parameters" | "epochs" | "steps">;

/**
 * The arguments that may differ where a run goes on: they change what is shown, kept, evaluated or how fast it goes, or the
 * stages have them as well.
 */
const free: ReadonlySet<keyof ResolvedArguments> = new Set([
  ...(["outputDir", "disableTqdm", "saveStrategy", "saveSteps", "saveTotalLimit", "saveOnInterrupt"] as const),
  ...(["evalStrategy", "evalSteps", "loggingSteps", "hashSteps", "perDeviceEvalBatchSize"] as const),
  ...(["cacheMemory", "cacheDisk", "maxMemory", "gradientCheckpointing", "allowFrozenRandomHead"] as const),
  ...(["metricForBestModel", "greaterIsBetter", "loadBestModelAtEnd"] as const),
  ...(["numTrainEpochs", "maxSteps", "learningRate", "headLearningRate", "lrSchedulerType", "warmupSteps"] as const),
]);

/** The parts of a run that its identity is made of. */
interface IdentityInput {
  readonly model: SequenceClassifier;
  /** The config that the model has once it has been trained. */
  readonly config: HuggingFaceConfig;
  readonly plan: Plan;
  readonly args: ResolvedArguments;
  readonly train: EncodedDataset;
  readonly data: DataRecord;
}

/** The facts of an earlier run at its checkpoint. */
export interface EarlierRun {
  /** The folder of the checkpoint. */
  readonly folder: string;
  readonly identity: RunIdentity;
  /** SHA-256 of each parameter when the run began. */
  readonly start: Fingerprint;
  /** Index of the stage in which the run is. */
  readonly stage: number;
}

/** Returns the identity of a run. */
export function identityOf({ model, config: trained, plan, args, train, data }: IdentityInput): RunIdentity {
  const { text: _, raw, problemType: __, ...config } = trained;
  const { rows, labels, problemType, sha256 } = data;
  const tokens = createHash("sha256");
  for (const { inputIds } of train.texts) tokens.update(Int32Array.from([inputIds.length, ...Array.from(inputIds)]));
  const identity: RunIdentity = {
    config,
    rawConfig: raw,
    shapes: Object.fromEntries([...model.parameters].map(([name, { shape }]) => [name, shape])),
    data: { rows, labels, problemType, sha256, tokens: tokens.digest("hex") },
    args: Object.fromEntries(Object.entries(args).filter(([name]) => !free.has(name as keyof ResolvedArguments))),
    stages: plan.stages.map(({ row }) => {
      const { name, resolved, parameters, epochs, steps } = row;
      return { name, resolved, parameters, epochs, steps };
    }),
  };
  return JSON.parse(JSON.stringify(identity)); // as a checkpoint has it: without what is undefined
}

/**
 * Checks that a run can go on from a checkpoint. Throws `CHECKPOINT_MISMATCH` with everything that differs: the model and its
 * weights before training, the training data, the arguments, or the stages. The last stage may have more epochs, and further
 * stages may follow.
 */
export function checkSameRun(identity: RunIdentity, earlier: EarlierRun, model: SequenceClassifier): void {
  const { folder, identity: before } = earlier;
  const ofConfig = changes(before.config, identity.config);
  const differences = [
    ...(ofConfig.length > 0 ? ofConfig : changes(before.rawConfig, identity.rawConfig)).map(
      (text) => `the model's config: ${text}`,
    ),
    ...changes(before.shapes, identity.shapes).map((text) => `the model's parameters: ${text}`),
    ...weightDifferences(model, earlier.start, before),
    ...changes({ ...before.data }, { ...identity.data }).map((text) => `the training data: ${text}`),
    ...changes(before.args, identity.args).map((text) => `the arguments: ${text}`),
    ...stageDifferences(before.stages, identity.stages, earlier.stage),
  ];
  if (differences.length === 0) return;
  const more = differences.length > 6 ? ` and ${differences.length - 6} more` : "";
  throw new ThawError(
    "CHECKPOINT_MISMATCH",
    `${folder} is of another run: ${differences.slice(0, 6).join("; ")}${more}. Set these as they were there, or train anew in another outputDir ` +
      "(docs/checkpoints.md says what may differ).",
  );
}

/** Tells whether the model has these weights. */
export function hasWeights(model: SequenceClassifier, hashes: Fingerprint): boolean {
  const names = [...hashes.keys()];
  if (names.some((name) => !model.parameters.has(name))) return false;
  return combinedHash(fingerprint(model, names)) === combinedHash(hashes);
}

/**
 * Compares the weights before training. A model that is as it was loaded has to be the same in all weights; one that has been
 * trained meanwhile, in those that the run does not train.
 */
function weightDifferences(model: SequenceClassifier, start: Fingerprint, { stages }: RunIdentity): string[] {
  const isUntouched = [...model.parameters.values()].every(({ isAsMade }) => isAsMade);
  const trains = new Set(stages.flatMap(({ parameters }) => parameters));
  const names = [...start.keys()].filter((name) => model.parameters.has(name) && (isUntouched || !trains.has(name)));
  const now = fingerprint(model, names);
  const other = names.filter((name) => now.get(name) !== start.get(name));
  return other.length === 0 ? [] : [`the weights before training: ${listed(other)} had other values`];
}

function stageDifferences(before: readonly StageIdentity[], now: readonly StageIdentity[], reached: number): string[] {
  const last = before.length - 1;
  return before.flatMap((stage, i) => {
    const present = now[i];
    if (present === undefined) return [`stage ${i} (${stage.name}) is missing`];
    const mayGrow = i === last && present.steps >= stage.steps;
    const plain = ({ resolved, steps }: StageIdentity) => {
      const { name: _, train: __, epochs, warmupSteps, ...settings } = resolved;
      const length = mayGrow ? {} : { epochs, steps, warmupSteps };
      return { ...settings, ...length };
    };
    if (reached > i && i === last && present.steps > stage.steps) {
      return [
        `stage ${i} (${stage.name}) had ended after ${stage.epochs} epochs, and has ${present.epochs} now: add a stage instead`,
      ];
    }
    const [added, left] = [without(present, stage), without(stage, present)];
    return [
      ...(added.length > 0 ? [`it trains ${listed(added)}, and did not`] : []),
      ...(left.length > 0 ? [`it does not train ${listed(left)}, and did`] : []),
      ...changes(plain(stage), plain(present)),
    ].map((text) => `stage ${i} (${stage.name}): ${text}`);
  });
}

/** Returns the parameters that one stage trains and the other does not. */
const without = ({ parameters }: StageIdentity, other: StageIdentity): string[] =>
  parameters.filter((name) => !other.parameters.includes(name));

/** Describes the fields in which two objects differ: `seed was 1 and is 2`. */
function changes(before: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): string[] {
  const write = (value: unknown) => {
    const text = JSON.stringify(value) ?? "not set";
    return text.length > 60 ? `${text.slice(0, 60)}...` : text;
  };
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((name) => {
    const [old, present] = [write(before[name]), write(now[name])];
    if (JSON.stringify(before[name]) === JSON.stringify(now[name])) return [];
    return [old === present ? `${name} has changed` : `${name} was ${old} and is ${present}`];
  });
}
