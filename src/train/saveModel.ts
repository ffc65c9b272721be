/** Writes a folder that Hugging Face's `from_pretrained` loads, whole or not at all, with the record of its training. */
import { currentHost } from "../../shared/host.ts";
import { tokenizerFiles } from "../hub/modelFolder.ts";
import { writeConfig } from "../models/config/configFile.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { weightsBytes, weightsContent } from "../models/weightsContent.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { saveFolder } from "../platform/saveFolder.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { RunRecord } from "./runRecord.ts";
import { combinedHash, fingerprint } from "./weights.ts";

/** Further files of the folder: their content by their name, written as JSON. */
type JsonFiles = Readonly<Record<string, unknown>>;

/** How a model is saved. */
export interface SaveModelOptions {
  /** Aborting it ends the save with nothing changed. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}
const optionNames: OptionNames<SaveModelOptions> = { signal: true };

/**
 * Writes config.json, model.safetensors and the tokenizer's files, and `thaw_manifest.json` with their lengths and SHA-256.
 * What stands at these names is replaced once all of it is on the disk; other files in the folder are the user's and stay.
 * `files` may depend on the hash of the weights that are written. Errors: `WRITE_FAILED`, `UNFINISHED_SAVE`, `BAD_ARGUMENT`.
 */
export async function saveModel(
  folder: string,
  model: SequenceClassifier,
  tokenizer: Tokenizer | undefined,
  files: JsonFiles | ((weightsSha256: string) => JsonFiles) = {},
  options: SaveModelOptions = {},
): Promise<void> {
  refuseUnknown(options, optionNames, { kind: "option of saveModel" });
  const { signal = currentHost()?.signal } = options;
  const more = typeof files === "function" ? files(combinedHash(fingerprint(model, model.parameters.keys()))) : files;
  const beside = tokenizer === undefined ? [] : [...tokenizerFiles, "adapter_config.json"];
  await saveFolder(
    folder,
    { part: "model", bytes: weightsBytes(model), mayNotStandBeside: beside, signal },
    async (staging) => {
      await writeConfig(staging.folder, model.config);
      const weights = await staging.write("model.safetensors", weightsContent(model));
      await tokenizer?.save(staging.folder, { modelMaxLength: model.textLimit });
      for (const [name, value] of Object.entries(more))
        await staging.write(name, `${JSON.stringify(value, null, 2)}\n`);
      return weights.sha256;
    },
  );
}

/**
 * Makes `training_args.json` and `trainer_state.json` in Hugging Face's words; the latter has no key that `TrainerState` of
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

/** Returns the record of a run in the content of a `trainer_state.json`; undefined where it has none. */
export function recordIn(trainerState: unknown): RunRecord | undefined {
  const { stateful_callbacks: callbacks } = trainerState as {
    stateful_callbacks?: { Thaw?: { run?: RunRecord | null } };
  };
  return callbacks?.Thaw?.run ?? undefined;
}

/** The record of a run as a folder has it, beside its weights. */
interface SavedRecord {
  /** SHA-256 of the weights in the folder; for how it is taken see `WeightsRecord`. */
  readonly weightsSha256: string;
  /** False where they were changed after the run, or nothing was trained. */
  readonly weightsAreOfRun: boolean;
  readonly run: RunRecord | null;
}

/**
 * Follows https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/trainer_callback.py (`TrainerState`)
 */
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

/** Writes `evalMacroF1` as `eval_macro_f1`. */
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
