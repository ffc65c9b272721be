/** The same seed on every engine: TensorFlow with the ops of native/, TensorFlow without them, WebAssembly. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import { nativeOps } from "../../../src/tensor/native.ts";
import { saveModel } from "../../../src/train/saveModel.ts";
import { ensureBuilt } from "../../built.ts";
import { goldenPath } from "../../golden/read.ts";
import { formulaModel, goldenCases, goldenDropouts, goldenTypes } from "../../models/familyModel.ts";
import { letters } from "../tiny.ts";

await ensureBuilt();

const engines = {
  native: {},
  composed: { THAW_NATIVE: "0" },
  wasm: { THAW_ENGINE: "wasm" },
} as const;
type Losses = Readonly<Record<string, readonly number[]>>;

interface RunOf {
  readonly modelType: string;
  /** Keys of config.json. */
  readonly dropout: Readonly<Record<string, number>>;
  readonly args: TrainingArguments;
  readonly stages: readonly Stage[];
}

const steps = 20;
const all: readonly Stage[] = [{ train: "all", epochs: 4, learningRate: 1e-3 }];
const args: TrainingArguments = { perDeviceTrainBatchSize: 8, seed: 5 }; // of 40 texts: 5 steps an epoch
const dropoutKeys = (modelType: string) => Object.keys(goldenDropouts(modelType));
const everywhere = (modelType: string, rate = 0.2) =>
  Object.fromEntries(dropoutKeys(modelType).map((key) => [key, rate]));

const runs: Readonly<Record<string, RunOf>> = {
  ...Object.fromEntries(
    goldenTypes.map((modelType) => [modelType, { modelType, dropout: everywhere(modelType), args, stages: all }]),
  ),
  "of attention alone": {
    modelType: "bert",
    dropout: { ...everywhere("bert", 0), attention_probs_dropout_prob: 0.5 },
    args,
    stages: all,
  },
  "of hidden states alone, at a rate of 0.9": {
    modelType: "bert",
    dropout: { ...everywhere("bert", 0), hidden_dropout_prob: 0.9 },
    args,
    stages: all,
  },
  "under gradientCheckpointing and gradientAccumulationSteps": {
    modelType: "deberta-v2",
    dropout: everywhere("deberta-v2"),
    args: { ...args, perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 4, gradientCheckpointing: true },
    stages: all,
  },
  "above remembered rows": {
    modelType: "roberta",
    dropout: everywhere("roberta"),
    args,
    stages: [{ train: ["head", { lastLayers: 1 }], epochs: 4, learningRate: 1e-3 }],
  },
  "with frozenDropout": {
    modelType: "electra",
    dropout: everywhere("electra"),
    args: { ...args, frozenDropout: true },
    stages: [{ train: "head", epochs: 2 }, ...all.map((stage) => ({ ...stage, epochs: 2 }))],
  },
};

/** The fallback has no fused ops to compare with, and the goldens' models are for the one that has. */
describe.runIf(nativeOps)("with dropout on, the losses of 20 steps are the same on every engine", () => {
  let folder = "";
  const found: Partial<Record<keyof typeof engines, Losses>> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thaw-engines-"));
    const rows = [...letters(40).texts].map((text, i) => ({ text, label: i % 2 }));
    const written = [];
    for (const [name, { modelType, dropout, args, stages }] of Object.entries(runs)) {
      const model = formulaModel(goldenCases(modelType)[0]?.config ?? {}, { num_labels: 2, ...dropout });
      const path = join(folder, name.replaceAll(" ", "-"));
      await saveModel(path, model, undefined);
      model.dispose();
      written.push({ name, folder: path, args, stages, rows });
    }
    const file = join(folder, "runs.json");
    await writeFile(file, JSON.stringify({ tokenizerFolder: goldenPath("bert-tiny"), runs: written }));
    const program = fileURLToPath(new URL("train.mjs", import.meta.url));
    const trained = (Object.keys(engines) as (keyof typeof engines)[]).map(async (engine) => {
      const env = { ...process.env, ...engines[engine] };
      const { stdout } = await promisify(execFile)(process.execPath, [program, file], { env });
      found[engine] = JSON.parse(stdout.trim().split("\n").at(-1) as string);
    });
    await Promise.all(trained);
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(Object.keys(runs))("%s", (name) => {
    const native = found.native?.[name] as readonly number[];
    expect(native).toHaveLength(steps);
    const apart = (["composed", "wasm"] as const).map((engine) => {
      const losses = found[engine]?.[name] as readonly number[];
      expect(losses).toHaveLength(steps);
      return Math.max(...losses.map((loss, i) => Math.abs(loss - (native[i] as number))));
    });
    console.log(
      `${name}: composed within ${apart[0]?.toExponential(1)}, WebAssembly within ${apart[1]?.toExponential(1)} of ` +
        "native, 20 steps (asked: 1e-5)",
    );
    for (const distance of apart) expect(distance).toBeLessThanOrEqual(1e-5);
  });

  test("and another seed's are not", () => {
    // the control: what masks of another seed do to a loss is a hundred times what is allowed
    const [one, other] = ["bert", "of hidden states alone, at a rate of 0.9"].map((name) => found.native?.[name]?.[0]);
    expect(Math.abs((one as number) - (other as number))).toBeGreaterThan(1e-3);
  });
});
