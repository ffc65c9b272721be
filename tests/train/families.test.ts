/** Every family through the whole of training: the golden steps, the three strategies, saving and loading, random heads. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Selection, select } from "../../src/freezing/selection.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { getLinearScheduleWithWarmup } from "../../src/schedule/schedule.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { OptimizerStep } from "../../src/train/step.ts";
import { Trainer } from "../../src/trainer.ts";
import { writeSafetensors } from "../../src/weights/safetensors/write.ts";
import { formulaModel, formulaWeight, goldenCases, goldenTraining, goldenTypes } from "../models/familyModel.ts";
import { temporaryFolder } from "../temporary.ts";
import { letters, tinyTokenizer, weightsOf } from "./tiny.ts";

const sharedLayers = (model: SequenceClassifier) =>
  ![...model.blocks.values()].some((block) => typeof block === "number");

/** What the stages of the goldens are called, as selections. */
const selections: Readonly<Record<string, Selection>> = {
  head: "head",
  "last 2": ["head", { lastLayers: 2 }],
  "head and shared": ["head", "shared"],
  all: "all",
};

/** The three strategies, as far as the model has layers of its own to thaw. */
function strategies(model: SequenceClassifier): Readonly<Record<string, Stage[]>> {
  const rates = { learningRate: 1e-3 };
  const head = classifierOnly({ epochs: 1 });
  if (!sharedLayers(model)) {
    return {
      "classifier only": head,
      "last 2 layers": lastLayers(2, { epochs: 1, ...rates }),
      progressive: progressive({ epochs: [1, 1, 1], layers: 1, ...rates }),
    };
  }
  const shared: Stage = { train: ["head", "shared"], epochs: 1, ...rates };
  return {
    "classifier only": head,
    "shared layers": [shared],
    progressive: [...head, shared, { train: "all", epochs: 1, ...rates }],
  };
}

const trainerOf = (model: SequenceClassifier, stages: readonly Stage[], args = {}) =>
  new Trainer({
    model,
    tokenizer: tinyTokenizer,
    trainDataset: letters(24),
    evalDataset: letters(8, 1),
    stages,
    args: { perDeviceTrainBatchSize: 8, disableTqdm: true, seed: 1, loadBestModelAtEnd: false, ...args },
  });

/** A folder of the golden's model with these tensors only, under these names. */
async function folderOf(
  config: Record<string, unknown>,
  rename: (name: string) => string | undefined,
): Promise<string> {
  const folder = temporaryFolder();
  const model = formulaModel(config);
  const tensors = [...model.parameters.values()].flatMap((parameter) => {
    const name = rename(parameter.name);
    return name === undefined ? [] : [{ name, shape: parameter.shape, data: parameter.data() }];
  });
  model.dispose();
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
  return folder;
}

afterEach(() => void vi.restoreAllMocks());

describe.each(goldenTypes)("%s", (modelType) => {
  const { config } = goldenCases(modelType)[0] as ReturnType<typeof goldenCases>[number];
  const load = () => formulaModel(config, { num_labels: 2 });

  test("20 steps of AdamW over three stages have PyTorch's losses, and move every parameter as far", () => {
    const golden = goldenTraining(modelType);
    const model = formulaModel(config);
    const optimizer = new AdamW();
    const worst = { loss: 0, norm: 0, change: 0 };
    const steps = golden.steps.values();
    for (const { train, steps: count } of golden.stages) {
      const trainable = select(selections[train] as Selection, model.blocks, model.depth);
      for (const [name, parameter] of model.parameters) parameter.requiresGrad = trainable.has(name);
      const schedule = getLinearScheduleWithWarmup({ numWarmupSteps: golden.warmup_steps, numTrainingSteps: count });
      for (let i = 0; i < count; i++) {
        const step = steps.next().value as (typeof golden.steps)[number];
        expect(step.stage).toBe(train);
        const rate = (name: string) =>
          model.blocks.get(name) === "head" ? golden.head_learning_rate : golden.learning_rate;
        const optimizerStep = new OptimizerStep({
          model,
          optimizer,
          examples: step.labels.length,
          learningRates: new Map([...trainable].map((name) => [name, rate(name) * schedule(i)])),
          weightDecay: golden.weight_decay,
          maxGradNorm: golden.max_grad_norm,
        });
        const { input_ids, attention_mask, token_type_ids } = step;
        const batch = PackedBatch.fromPadded({
          inputIds: input_ids,
          attentionMask: attention_mask,
          ...(token_type_ids === undefined ? {} : { tokenTypeIds: token_type_ids }),
        });
        optimizerStep.add({
          batch,
          labels: Int32Array.from(step.labels),
          cut: -1,
          rows: undefined,
          dropoutRng: undefined,
        });
        const { loss, gradNorm } = optimizerStep.finish();
        optimizerStep.dispose();
        batch.dispose();
        worst.loss = Math.max(worst.loss, Math.abs(loss - step.loss));
        worst.norm = Math.max(worst.norm, Math.abs(gradNorm - step.grad_norm) / step.grad_norm);
      }
    }
    for (const parameter of model.parameters.values()) {
      const before = formulaWeight(parameter);
      const change = Math.hypot(...parameter.data().map((value, i) => value - (before[i] as number)));
      const expected = golden.change[parameter.name] as number;
      if (isKeyBias(parameter.name)) continue; // its gradient is zero but for rounding, which Adam makes steps of
      const error = Math.abs(change - expected) / Math.max(expected, 1e-3);
      expect(error, `${parameter.name} moved by ${change}`).toBeLessThanOrEqual(
        isOfDistances(parameter.name) ? 1e-3 : 5e-4,
      );
      worst.change = Math.max(worst.change, error);
    }
    console.log(
      `${modelType}, 20 steps against PyTorch: losses within ${worst.loss.toExponential(1)} (asked: 1e-5), norms of ` +
        `gradients within ${worst.norm.toExponential(1)}, ways of parameters within ${worst.change.toExponential(1)}`,
    );
    expect(worst.loss).toBeLessThanOrEqual(1e-5);
    expect(worst.norm).toBeLessThanOrEqual(1e-4);
    optimizer.dispose();
    model.dispose();
  });

  test("each strategy trains what it names, leaves the rest to the last bit, and its model can be saved and loaded", async () => {
    const names = Object.keys(strategies(load()));
    expect(names).toHaveLength(3);
    for (const name of names) {
      const model = load();
      const stages = strategies(model)[name] as Stage[];
      const trainer = trainerOf(model, stages);
      const trainable = trainer.plan().trainable;
      const before = weightsOf(trainer);
      const run = await trainer.train();
      expect(run.history.length, name).toBe(stages.length);
      const after = weightsOf(trainer);
      for (const [parameter, values] of after) {
        const first = before.get(parameter);
        if (!trainable.has(parameter)) expect(values, `${name}: ${parameter}`).toEqual(first);
        // nothing reads XLNet's mask_emb in a classifier, and texts of one segment leave those of segments alone
        else if (!/mask_emb|seg_embed|r_s_bias/.test(parameter))
          expect(values, `${name}: ${parameter}`).not.toEqual(first);
      }
      const folder = join(temporaryFolder(), "model");
      await trainer.saveModel(folder);
      const loaded = await AutoModelForSequenceClassification.fromPretrained(folder);
      expect(loaded.newlyInitialized).toEqual([]);
      for (const [parameter, loadedOne] of loaded.parameters) {
        expect(loadedOne.data(), parameter).toEqual(after.get(parameter));
      }
      loaded.dispose();
      model.dispose();
    }
  });

  test("what is saved and loaded is saved again byte for byte, its config with the keys it came with", async () => {
    const [first, second] = await Promise.all(["a", "b"].map(async (name) => join(temporaryFolder(), name)));
    const model = formulaModel(config);
    await saveModel(first as string, model, undefined);
    const loaded = await AutoModelForSequenceClassification.fromPretrained(first as string);
    await saveModel(second as string, loaded, undefined);
    for (const file of ["config.json", "model.safetensors"]) {
      const [one, two] = await Promise.all([first, second].map((folder) => readFile(join(folder as string, file))));
      expect(one?.equals(two as Buffer), file).toBe(true);
    }
    const written = JSON.parse(await readFile(join(first as string, "config.json"), "utf8"));
    expect(written).toMatchObject(config);
    const own = ["architectures", "id2label", "label2id", "problem_type"];
    expect(Object.keys(written).filter((key) => !(key in config) && !own.includes(key))).toEqual([]);
    model.dispose();
    loaded.dispose();
  });

  test("training on remembered rows equals training from the tokens", async () => {
    const lossesOf = async (frozenDropout: boolean) => {
      const model = load();
      const stages: Stage[] = sharedLayers(model)
        ? [
            { train: "head", epochs: 1 },
            { train: ["head", "shared"], epochs: 1 },
          ]
        : [
            { train: "head", epochs: 1 },
            { train: ["head", { lastLayers: 1 }], epochs: 1 },
          ];
      // with frozenDropout every step begins at the tokens; the model has no dropout, so it makes no difference otherwise
      const { history } = await trainerOf(model, stages, { frozenDropout, learningRate: 1e-3 }).train();
      model.dispose();
      return history.flatMap(({ loss, evalLoss }) => [loss, evalLoss as number]);
    };
    const [cached, uncached] = [await lossesOf(false), await lossesOf(true)];
    expect(cached).toHaveLength(4);
    cached.forEach((loss, i) => {
      expect(loss).toBeCloseTo(uncached[i] as number, 5);
    });
  });

  test("what a bare encoder's file lacks is random, and may not stay so", async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    const prefix = load().family.basePrefix;
    const folder = await folderOf(config, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));
    const model = await AutoModelForSequenceClassification.fromPretrained(folder);
    const random = [...model.parameters.keys()].filter((name) => !name.startsWith(prefix));
    expect([...model.newlyInitialized].sort()).toEqual(random.sort());
    expect(random.every((name) => model.blocks.get(name) === "head")).toBe(true);
    for (const [name, parameter] of model.parameters) {
      if (!random.includes(name)) expect(parameter.data(), name).toEqual(formulaWeight(parameter));
    }
    const without: Stage = { train: sharedLayers(model) ? "shared" : { lastLayers: 1 }, epochs: 1 };
    const partly: Stage = { train: { parameters: random.slice(-1) }, epochs: 1 };
    for (const stage of [without, partly]) {
      expect(() => trainerOf(model, [stage])).toThrow(/leaves .* frozen at random values/);
      expect(() => trainerOf(model, [stage], { allowFrozenRandomHead: true })).not.toThrow();
    }
    expect(() => trainerOf(model, [{ train: "head", epochs: 1 }])).not.toThrow();
    model.dispose();
  });
});

const isKeyBias = (name: string) => /(key|\.k|k_lin|key_proj)\.bias$/.test(name);
/** XLNet's: of slow cosines, 1 for every distance but for rounding, the softmax leaves a gradient of rounding (2e-4 in PyTorch). */
const isOfDistances = (name: string) => /rel_attn\.r$/.test(name);
