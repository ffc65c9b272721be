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

/** Options of `saveModel`. */
export interface SaveModelOptions {
  /** Aborting it ends the save with nothing changed. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}
const optionNames: OptionNames<SaveModelOptions> = { signal: true };

/**
 * Writes config.json, model.safetensors and the tokenizer's files, and `thaw_manifest.json` with their lengths and
 * SHA-256. Existing files of these names are replaced once all new ones are on the disk; other files in the folder
 * stay. `files` may depend on the hash of the written weights. Errors: `WRITE_FAILED`, `UNFINISHED_SAVE`,
 * `BAD_ARGUMENT`.
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
 * Makes `training_args.json` and `trainer_state.json` with Hugging Face's keys; the latter has only keys of
 * transformers' `TrainerState`, so that Python reads it. It holds the whole `run.record` under
 * `stateful_callbacks.Thaw`, with the hash of the weights in the folder and whether the run ended with these weights.
 * `records` are the runs of the model, the newest last; the first one that ended with these weights is saved, else the
 * newest.
 */
export function recordFiles(records: readonly RunRecord[], weightsSha256: string): JsonFiles {
  const record = records.find(({ weights }) => weights.end === weightsSha256) ?? records.at(-1);
  if (record === undefined) {
    const state = trainerState(undefined, { weightsSha256, weightsAreOfRun: false, run: null });
    return { "training_args.json": {}, "trainer_state.json": state };
  }
  const weightsAreOfRun = record.weights.end === weightsSha256;
  return {
    "training_args.json": argumentsFile(record.args),
    "trainer_state.json": trainerState(record, { weightsSha256, weightsAreOfRun, run: record }),
  };
}

/** Reads the record of a run from the content of a `trainer_state.json`; undefined if it has none. */
export function recordIn(trainerState: unknown): RunRecord | undefined {
  const { stateful_callbacks: callbacks } = trainerState as {
    stateful_callbacks?: { Thaw?: { run?: RunRecord | null } };
  };
  return callbacks?.Thaw?.run ?? undefined;
}

/** The record of a run in a saved folder. */
interface SavedRecord {
  /** SHA-256 of the weights in the folder, computed as in `WeightsRecord`. */
  readonly weightsSha256: string;
  /** Whether the weights are those that the run ended with; false if they were changed later or nothing was trained. */
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

/** Writes the arguments under Hugging Face's names; those of the schedule's settings too, but not the names of labels. */
function argumentsFile(args: RunRecord["args"]): Record<string, unknown> {
  const { lrSchedulerKwargs } = args;
  const kwargs = typeof lrSchedulerKwargs === "object" ? { lr_scheduler_kwargs: snakeCased(lrSchedulerKwargs) } : {};
  return { ...snakeCased(args), ...kwargs };
}

function snakeCased(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [snakeCase(name), value]));
}

/** Converts a name to snake case: `evalMacroF1` -> `eval_macro_f1`. */
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
