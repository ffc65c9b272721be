/** A folder that Hugging Face's `from_pretrained` loads, written whole or not at all, with what is known of its training. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeConfig } from "../config/writeConfig.ts";
import { ThawError } from "../errors.ts";
import type { RunRecord } from "../history/record.ts";
import { writeFileAtomic } from "../io/atomicFile.ts";
import { replaceDirectory } from "../io/replaceDirectory.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { writeSafetensors } from "../safetensors/write.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { combinedHash, hashOf } from "./fingerprint.ts";

/** Further files of the folder: name -> content as JSON. */
export type JsonFiles = Readonly<Record<string, unknown>>;

/**
 * Writes config.json, model.safetensors and the tokenizer's files. An existing folder is replaced only when all of it is
 * on the disk. `files` may depend on the hash of the weights that are written.
 */
export async function saveModel(
  folder: string,
  model: SequenceClassifier,
  tokenizer: Tokenizer | undefined,
  files: JsonFiles | ((weightsSha256: string) => JsonFiles) = {},
): Promise<void> {
  await replaceDirectory(folder, async (temporary) => {
    const tensors = [...model.parameters.values()].map((p) => ({ name: p.name, shape: p.shape, data: p.data() }));
    const more =
      typeof files === "function"
        ? files(combinedHash(new Map(tensors.map(({ name, data }) => [name, hashOf(data)]))))
        : files;
    await writeConfig(temporary, model.config);
    await writeSafetensors(join(temporary, "model.safetensors"), tensors);
    await tokenizer?.save(temporary, { modelMaxLength: model.textLimit });
    for (const [name, content] of Object.entries(more)) {
      await writeFileAtomic(join(temporary, name), `${JSON.stringify(content, null, 2)}\n`);
    }
  });
}

/**
 * `training_args.json` and `trainer_state.json` in Hugging Face's words; the latter has no key that `TrainerState` of
 * transformers lacks, so that Python reads it. The whole record stands in it under `stateful_callbacks.Thaw`, as
 * `run.record` gives it, beside the hash of the weights in the folder and whether these are the ones that the run ended
 * with. `records`: runs of the model, the newest last; the first whose weights these are is told, else the newest.
 */
export function recordFiles(records: readonly RunRecord[], weightsSha256: string): JsonFiles {
  const record = records.find(({ weights }) => weights.end === weightsSha256) ?? records.at(-1);
  if (record === undefined) {
    const state = trainerState(undefined, { weightsSha256, weightsAreOfRun: false, run: null });
    return { "training_args.json": {}, "trainer_state.json": state };
  }
  const weightsAreOfRun = record.weights.end === weightsSha256;
  return {
    "training_args.json": snakeCased(record.args),
    "trainer_state.json": trainerState(record, { weightsSha256, weightsAreOfRun, run: record }),
  };
}

/** The record of a run in the content of a `trainer_state.json`; undefined where it has none. */
export function recordIn(trainerState: unknown): RunRecord | undefined {
  const { stateful_callbacks: callbacks } = trainerState as {
    stateful_callbacks?: { Thaw?: { run?: RunRecord | null } };
  };
  return callbacks?.Thaw?.run ?? undefined;
}

/** What a folder says of its weights. */
interface SavedRecord {
  /** Of the weights in the folder; for how it is taken see `WeightsRecord`. */
  readonly weightsSha256: string;
  /** False where they were changed after the run, or nothing was trained. */
  readonly weightsAreOfRun: boolean;
  readonly run: RunRecord | null;
}

/** https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/trainer_callback.py (`TrainerState`) */
function trainerState(record: RunRecord | undefined, saved: SavedRecord): Record<string, unknown> {
  const { status, stages = [], history = [], best, metric, args } = record ?? {};
  const planned = stages.map(({ plan }) => plan);
  const last = history.at(-1);
  const [step, epoch] =
    status === undefined || status.state === "finished" ? [last?.step, last?.epoch] : [status.step, status.epoch];
  return {
    epoch: epoch ?? 0,
    global_step: step ?? 0,
    max_steps: planned.reduce((sum, { steps }) => sum + steps, 0),
    num_train_epochs: planned.reduce((sum, { epochs }) => sum + epochs, 0),
    train_batch_size: args?.perDeviceTrainBatchSize ?? null,
    best_metric: (metric === undefined ? undefined : best?.[metric.key]) ?? null,
    best_global_step: best?.step ?? null,
    log_history: history.map(snakeCased),
    stateful_callbacks: { Thaw: saved },
  };
}

function snakeCased(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [snakeCase(name), value]));
}

/** `evalMacroF1` -> `eval_macro_f1` */
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** Throws `BAD_ARGUMENT` for a target that no folder can be written to. `what`: how the caller calls it. */
export function checkTarget(folder: unknown, what: string): asserts folder is string {
  const refuse = (problem: string): never => {
    throw new ThawError("BAD_ARGUMENT", `${what} is ${JSON.stringify(folder)}: ${problem}`);
  };
  if (typeof folder !== "string" || folder.trim() === "") return refuse('name a folder, such as "runs/reviews".');
  const target = resolve(folder);
  for (let path = target; ; path = dirname(path)) {
    let isFolder: boolean | undefined;
    try {
      isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    } catch (error) {
      const isBelowFile = (error as NodeJS.ErrnoException).code === "ENOTDIR"; // the file is found further up
      if (!isBelowFile)
        return refuse(`no folder can have this name (${(error as Error).message}). Choose another one.`);
    }
    if (isFolder === undefined && path !== dirname(path)) continue;
    const name = path === target ? "it" : path;
    if (isFolder !== true) return refuse(`${name} is a file, and a folder is to be written there. Choose another one.`);
    try {
      accessSync(path, constants.W_OK | constants.X_OK);
    } catch {
      return refuse(`nothing can be written into ${path}. Choose another folder, or change its permissions.`);
    }
    return;
  }
}
