/** Runs of every sort whose memory is looked at, and the processes that they are made in. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import { saveModel } from "../../../src/train/saveModel.ts";
import { ensureBuilt } from "../../built.ts";
import { goldenPath } from "../../golden/read.ts";
import { formulaModel, goldenCases } from "../../models/familyModel.ts";

await ensureBuilt();

export interface MemoryRun {
  /** A model's folder or name, and that of its tokenizer. */
  readonly folder: string;
  readonly tokenizerFolder: string;
  readonly texts: number;
  /** Words of one token in each text. */
  readonly words: number;
  readonly stages: readonly Stage[];
  readonly args: TrainingArguments;
  /** Whether weights are hashed after every step, to be compared after an error. Default: no. */
  readonly hashed?: boolean;
}

/** What a process says of its run; `died` is the signal or code of one that said nothing. */
export interface Found {
  readonly died?: string;
  readonly steps?: number;
  readonly ended?: boolean;
  readonly forecast?: number;
  readonly reached?: number;
  readonly code?: string;
  readonly message?: string;
  readonly unchanged?: boolean;
  /** The same of a run that did what the error's message advised, in the same process. */
  readonly advised?: Found;
}

const miniLM = {
  folder: "sentence-transformers/all-MiniLM-L6-v2",
  tokenizerFolder: "sentence-transformers/all-MiniLM-L6-v2",
};
export const everything: readonly Stage[] = [{ train: "all", epochs: 1 }];

/** MiniLM with 22.7 million parameters, in a batch of 32 texts unless `args` says otherwise. */
export const ofMiniLM = (run: Partial<MemoryRun> = {}): MemoryRun => ({
  ...miniLM,
  texts: 64,
  words: 120,
  stages: everything,
  ...run,
  args: { perDeviceTrainBatchSize: 32, ...run.args },
});

/** A family's model of 4 layers, 256 wide, whose folder is made in `parent`. */
export async function ofFamily(parent: string, modelType: string, run: Partial<MemoryRun> = {}): Promise<MemoryRun> {
  const folder = join(parent, modelType);
  const sizes = {
    hidden_size: 256,
    dim: 256,
    d_model: 256,
    embedding_size: 64,
    intermediate_size: 1024,
    hidden_dim: 1024,
    d_inner: 1024,
  };
  const { config } = goldenCases(modelType)[0] as { config: Record<string, unknown> };
  const known = Object.fromEntries(Object.entries(sizes).filter(([key]) => key in config));
  const layers = ["num_hidden_layers", "n_layers", "n_layer"].filter((key) => key in config).map((key) => [key, 4]);
  const heads = ["num_attention_heads", "n_heads", "n_head"].filter((key) => key in config).map((key) => [key, 4]);
  const changes = {
    ...known,
    ...Object.fromEntries([...layers, ...heads]),
    num_labels: 2,
    ...("d_head" in config ? { d_head: 64 } : {}),
  };
  const model = formulaModel(config, changes);
  await saveModel(folder, model, undefined);
  model.dispose();
  return {
    ...ofMiniLM(run),
    words: 40,
    ...run,
    folder,
    tokenizerFolder: goldenPath("bert-tiny"),
    args: { perDeviceTrainBatchSize: 32, ...run.args },
  };
}

/** Runs in a process of its own; `limit`: an option of `prlimit`, such as `--as=3000000000`. */
export function trainInProcess(run: MemoryRun, limit?: string): Promise<Found> {
  const program = [process.execPath, fileURLToPath(new URL("train.mjs", import.meta.url)), JSON.stringify(run)];
  const [command, ...rest] = (limit === undefined ? program : ["prlimit", limit, ...program]) as [string, ...string[]];
  return new Promise((resolve) => {
    execFile(command, rest, (error, stdout) => {
      const line = stdout.trim().split("\n").at(-1) ?? "";
      if (line.startsWith("{")) resolve(JSON.parse(line));
      else resolve({ died: String(error?.signal ?? error?.code) });
    });
  });
}

/** The forecast in units of what was reached. */
export const ratioOf = ({ forecast, reached }: Found): number => (forecast ?? Number.NaN) / (reached ?? Number.NaN);

export const megabytes = (bytes: number | undefined): string => `${((bytes ?? Number.NaN) / 1e6).toFixed(0)} MB`;
