/** Brings a model and its optimizer to the point of a checkpoint. */
import { ThawError } from "../errors.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { AdamW, type AdamWOptions, type ParameterState } from "../optim/adamW.ts";
import { expandHome, join } from "../platform/files.ts";
import { NativeVariable } from "../tensor/variable.ts";
import { readSafetensors, type SafetensorsFile } from "../weights/safetensors/read.ts";
import { fileNames, type OpenCheckpoint, openCheckpoint } from "./checkpoint.ts";
import { damageNotices, findCheckpoint, settledSaves, sweepCheckpoints } from "./checkpoints.ts";
import { checkSameRun, hasWeights, type RunIdentity } from "./runIdentity.ts";
import { combinedHash, type Fingerprint, fingerprint, type KeptWeights } from "./weights.ts";

/** The files of a checkpoint, opened; what they hold is read when it is asked for. */
export interface CheckpointTensors {
  readonly checkpoint: OpenCheckpoint;
  readonly weights: readonly { readonly names: readonly string[]; readonly file: SafetensorsFile }[];
  readonly optimizer: SafetensorsFile;
  readonly best: SafetensorsFile | undefined;
  readonly bestOfStage: SafetensorsFile | undefined;
}

/** The point from which a run goes on: a checkpoint, or the beginning if there is none. */
export interface ResumePoint {
  /** The facts about the run, which are those of the checkpoint. */
  readonly identity: RunIdentity;
  /** The checkpoint; undefined for a run from the beginning. */
  readonly resumed: CheckpointTensors | undefined;
  /** Sentences about checkpoints that were passed over. */
  readonly notices: readonly string[];
}

/**
 * Finds the checkpoint that a run is to go on from: in a folder that is named, or the newest whole one in `outputDir`. Errors:
 * `CHECKPOINT_DAMAGED`, `CHECKPOINT_MISMATCH`.
 */
export async function resumePoint(
  resume: true | string,
  outputDir: string,
  identity: RunIdentity,
  model: SequenceClassifier,
): Promise<ResumePoint> {
  const output = expandHome(outputDir);
  await settledSaves();
  await sweepCheckpoints(output);
  const has = (hashes: Fingerprint) => hasWeights(model, hashes);
  const found =
    resume === true
      ? await findCheckpoint(output, has)
      : await openCheckpoint(expandHome(resume), has).then((checkpoint) => ({
          checkpoint,
          notices: damageNotices(checkpoint),
        }));
  if (found === undefined) {
    return {
      identity,
      resumed: undefined,
      notices: [`There is no checkpoint in ${outputDir} yet: the run begins anew.`],
    };
  }
  const { folder, state } = found.checkpoint;
  const start = new Map(Object.entries(state.recorder.start));
  checkSameRun(identity, { folder, identity: state.identity, start, stage: state.progress.stage }, model);
  return { identity, resumed: await openTensors(found.checkpoint, model), notices: found.notices };
}

/** Opens the files with the tensors of a checkpoint; those whose weights the model has anyway are left out. */
async function openTensors(checkpoint: OpenCheckpoint, model: SequenceClassifier): Promise<CheckpointTensors> {
  const { folder, state } = checkpoint;
  const { start } = state.recorder;
  const open = (name: string) => readSafetensors(join(folder, name));
  const needed = state.shards.filter(({ names, isUntrained }) => {
    const now = isUntrained ? fingerprint(model, names) : undefined;
    return names.some((name) => now?.get(name) !== start[name]);
  });
  return {
    checkpoint,
    weights: await Promise.all(needed.map(async ({ names, file }) => ({ names, file: await open(file) }))),
    optimizer: await open(fileNames.optimizer),
    best: state.best === "file" ? await open(fileNames.best) : undefined,
    bestOfStage: state.bestOfStage === "file" ? await open(fileNames.bestOfStage) : undefined,
  };
}

/** Sets the weights of the model to those of the checkpoint. Throws `INTERNAL` if they are not afterwards what was saved. */
export function restoreWeights({ checkpoint, weights }: CheckpointTensors, model: SequenceClassifier): void {
  for (const { names, file } of weights) {
    for (const name of names) {
      const parameter = model.parameters.get(name) as Parameter;
      const { newlyInitialized } = parameter;
      parameter.assign(file.read(name));
      parameter.newlyInitialized = newlyInitialized && !(name in checkpoint.state.optimizerSteps);
    }
  }
  const { weightsSha256 } = checkpoint.state;
  if (combinedHash(fingerprint(model, model.parameters.keys())) === weightsSha256) return;
  throw new ThawError(
    "INTERNAL",
    `The weights read from ${checkpoint.folder} are not those that were saved there. Report this as a bug.`,
  );
}

/** Makes the optimizer of the checkpoint, with the moments and the step count of each parameter. */
export function restoredOptimizer(
  { checkpoint, optimizer }: CheckpointTensors,
  model: SequenceClassifier,
  options: AdamWOptions,
): AdamW {
  const states = Object.entries(checkpoint.state.optimizerSteps).map(([name, step]): [string, ParameterState] => {
    const { shape } = model.parameters.get(name) as Parameter;
    const [m, v] = [`exp_avg.${name}`, `exp_avg_sq.${name}`].map((each) => optimizer.read(each)) as [
      Float32Array,
      Float32Array,
    ];
    const rows = shape.length === 2 ? touchedRows(m, v, shape[0] as number) : undefined;
    return [name, { step, m: new NativeVariable(shape, m), v: new NativeVariable(shape, v), rows }];
  });
  return new AdamW(options, new Map(states));
}

/** Returns the rows of a table in which a moment is not zero, bit for bit; undefined if these are most. */
function touchedRows(m: Float32Array, v: Float32Array, rows: number): Int32Array | undefined {
  const width = m.length / rows;
  const [bitsOfM, bitsOfV] = [m, v].map(({ buffer }) => new Uint32Array(buffer)) as [Uint32Array, Uint32Array];
  const touched: number[] = [];
  for (let row = 0; row < rows; row++) {
    const [first, end] = [row * width, (row + 1) * width];
    if ([bitsOfM, bitsOfV].some((bits) => bits.subarray(first, end).some((each) => each !== 0))) touched.push(row);
  }
  return 2 * touched.length > rows ? undefined : Int32Array.from(touched);
}

/** Sets the copies of the best weights to those of the checkpoint; the model has been restored before. */
export function restoreKept(tensors: CheckpointTensors, which: "best" | "bestOfStage", copies: KeptWeights): void {
  const place = tensors.checkpoint.state[which];
  const file = tensors[which];
  if (place === "none") return;
  copies.set(new Map(file?.names.map((name) => [name, file.read(name)])));
}
