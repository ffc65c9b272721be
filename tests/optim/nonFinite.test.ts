/** Numbers that are NaN or infinite never reach a weight, and the error says where they came from. */
import { describe, expect, test } from "vitest";
import { DiskRows, MemoryRows } from "../../src/cache/rowStore.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import type { Parameter } from "../../src/models/parameter.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { engineName, tf } from "../../src/tensor/tensorflow.ts";
import { NativeVariable } from "../../src/tensor/variable.ts";
import type { Trainer } from "../../src/trainer.ts";
import { formulaModel, goldenCases } from "../models/familyModel.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "../train/tiny.ts";

type Tensor = ReturnType<typeof tf.tensor>;
const model = await tinyModel();
const healthy = new Map([...model.parameters].map(([name, parameter]) => [name, parameter.data()]));
const names = [...healthy.keys()].filter((_, i) => engineName === "tensorflow" || i % 7 === 0);
const badValues = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function restore(): SequenceClassifier {
  for (const [name, values] of healthy) (model.parameters.get(name) as Parameter).assign(values);
  return model.unfreeze();
}

/** Sets one value of a parameter, and says which. */
function poison(name: string, value: number, of: SequenceClassifier = model): number {
  const parameter = of.parameters.get(name) as Parameter;
  const values = parameter.data();
  const index = (7 * values.length) >> 3;
  values[index] = value;
  parameter.assign(values);
  return index;
}

const failure = async (run: () => Promise<unknown>) => {
  const error = await run().then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toMatchObject({ code: "NON_FINITE" });
  return error.message as string;
};

/** A trainer of 40 texts in steps of 8, not shuffled: step 2 has the rows 9 to 16. */
const ordered = (options: Parameters<typeof tinyTrainer>[0] = {}) =>
  tinyTrainer({ model, ...options, args: { trainSamplingStrategy: "sequential", ...options.args } });

/** Trains, and does something right after a step. */
async function trainAnd(trainer: Trainer, step: number, act: () => void): Promise<void> {
  for await (const event of trainer.events()) if (event.kind === "step" && event.step === step) act();
}

test("a weight that is not finite before training: each parameter is named, with the place of the value", async () => {
  for (const [i, name] of names.entries()) {
    restore();
    const index = poison(name, badValues[i % 3] as number);
    const message = await failure(async () => (await ordered()).train());
    expect(message).toContain(`1 of ${healthy.get(name)?.length} values of the weight ${name} are NaN or infinite`);
    expect(message).toContain(`at index ${index}. Load the model again`);
  }
  // the advice
  restore();
  expect((await (await ordered({ args: { numTrainEpochs: 1 } })).train()).history).toHaveLength(1);
});

test("a weight that becomes so between two steps: named with stage, step and rows, and no other weight moves on", async () => {
  let before = new Map<string, Float32Array>();
  for (const [i, name] of names.entries()) {
    restore();
    const trainer = await ordered({ args: { numTrainEpochs: 1 } });
    const message = await failure(() =>
      trainAnd(trainer, 1, () => {
        poison(name, badValues[i % 3] as number);
        before = weightsOf(trainer);
      }),
    );
    expect(message).toMatch(
      /^Stage 0 \(everything\), step 2, rows 9, 10, 11, 12, 13, 14, 15, 16 of the training data: /,
    );
    expect(new Set(message.match(/(?:bert|classifier)\.[\w.]+\w/g)), message).toEqual(new Set([name]));
    expect(weightsOf(trainer), name).toEqual(before);
  }
});

test("a gradient that is not finite: the parameter is named, with stage, step and rows", async () => {
  const run = model.run.bind(model);
  for (const [i, name] of names.entries()) {
    restore();
    const bad = badValues[i % 3] as number;
    let isOn = false;
    const spoilt = (parameter: string, tensor: Tensor) => {
      if (!isOn || parameter !== name) return tensor;
      const pass = tf.customGrad((x: unknown) => ({
        value: (x as Tensor).clone(),
        gradFunc: (dy: Tensor) => {
          const values = dy.dataSync();
          values[values.length >> 1] = bad;
          return tf.tensor(values, dy.shape);
        },
      }));
      return pass(tensor) as Tensor;
    };
    model.run = (hidden, from, batch, options) => run(hidden, from, batch, { ...options, through: spoilt });
    const trainer = await ordered({ args: { numTrainEpochs: 1 } });
    let before = new Map<string, Float32Array>();
    const message = await failure(() =>
      trainAnd(trainer, 2, () => {
        isOn = true;
        before = weightsOf(trainer);
      }),
    );
    expect(message).toMatch(/^Stage 0 \(everything\), step 3, rows 17, .* 24 of the training data: The gradient of /);
    expect(message).toContain(`gradient of ${name} has 1 of ${healthy.get(name)?.length} values`);
    expect(weightsOf(trainer)).toEqual(before);
  }
  model.run = run;
});

describe("a loss that is not finite though all weights are", () => {
  const rows = (targets: (row: number) => number) =>
    TextDataset.fromRows(
      letters(24).texts.map((text, row) => ({ text, label: targets(row) })),
      { text: "text", label: "label", problemType: "regression" },
    );

  test("by a target beyond float32: the rows of its micro-batch alone", async () => {
    const regression = await tinyModel({}, 1);
    const trainer = await ordered({
      model: regression,
      trainDataset: rows((row) => (row === 13 ? 1e25 : row / 7)),
      evalDataset: rows((row) => row / 7),
      args: { perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 4 },
    });
    const before = weightsOf(trainer);
    const message = await failure(() => trainer.train());
    expect(message).toBe(
      "Stage 0 (everything), step 1, rows 13, 14, 15, 16 of the training data: The loss is Infinity. All weights are " +
        "finite. The weights are those of the step before. Lower the learning rate, add warm-up steps (warmupSteps), or " +
        "look at these rows.",
    );
    expect(weightsOf(trainer)).toEqual(before);
    regression.dispose();
  });

  test("of data from which rows were left out, or that was split: the rows of the file", async () => {
    const regression = await tinyModel({}, 1);
    const given = Array.from({ length: 24 }, (_, i) => ({
      text: String.fromCharCode(97 + i),
      target: i === 20 ? 1e25 : i,
    }));
    const all = TextDataset.fromRows(given, {
      text: "text",
      label: ({ target }) => (Number(target) < 8 ? undefined : Number(target)),
      problemType: "regression",
    });
    const args = { perDeviceTrainBatchSize: 4 };
    for (const trainDataset of [all, all.split({ train: 12, validation: 4, seed: 3 }).train]) {
      const bad = Array.from(trainDataset).findIndex(({ row }) => row === 21);
      if (bad < 0) continue;
      const batch = Array.from(trainDataset, ({ row }) => row).slice(bad - (bad % 4), bad - (bad % 4) + 4);
      const trainer = await ordered({ model: regression, trainDataset, evalDataset: all, args });
      const message = await failure(() => trainer.train());
      expect(message).toContain(`rows ${batch.join(", ")} of the training data: The loss is Infinity`);
    }
    regression.dispose();
  });

  test.each([0, 1])("by weights that overflow in layer %i: the layer", async (layer) => {
    const { config } = goldenCases("bert")[0] as ReturnType<typeof goldenCases>[number];
    const other = formulaModel(config, { num_labels: 2, hidden_act: "relu" });
    const bias = other.parameters.get(`bert.encoder.layer.${layer}.intermediate.dense.bias`) as Parameter;
    bias.assign(new Float32Array(bias.size).fill(3e38));
    for (const train of ["all", ["head", { lastLayers: 1 }]] as Stage["train"][]) {
      const trainer = await ordered({ model: other, stages: [{ train, epochs: 1 }] });
      const before = weightsOf(trainer);
      const message = await failure(() => trainer.train());
      expect(message).toContain(`All weights are finite, but what layer ${layer} gives is not.`);
      const isFrozen = train !== "all";
      expect(message).toMatch(isFrozen ? /the pass through the frozen layers after step 0: / : /, step 1, rows 1, 2, /);
      expect(weightsOf(trainer)).toEqual(before);
    }
    other.dispose();
  });

  test("by what is remembered of the frozen layers, in memory and on the disk", async () => {
    for (const [Rows, args] of [
      [MemoryRows, {}],
      [DiskRows, { cacheMemory: 0 }],
    ] as const) {
      restore();
      const read = Rows.prototype.read;
      Rows.prototype.read = function (text, target) {
        const count = read.call(this, text, target);
        if (text === 19) target[0] = Number.NaN;
        return count;
      };
      const trainer = await ordered({ stages: [{ train: "head", epochs: 1 }], args });
      const message = await failure(() => trainer.train());
      Rows.prototype.read = read;
      expect(message).toMatch(
        /step 3, rows 17, .*, 24 of the training data: The loss is NaN\. All weights are finite, /,
      );
      expect(message).toContain("but what is remembered of the frozen layers is not");
    }
  });
});

describe("answers that are not finite", () => {
  test("in an evaluation: each parameter is named, after which step", async () => {
    for (const name of names) {
      restore();
      const trainer = await ordered({ evalDataset: letters(10, 1), args: { numTrainEpochs: 1 } });
      const index = healthy.get(name)?.length;
      const spoil = () => {
        const parameter = model.parameters.get(name) as Parameter;
        parameter.assign(parameter.data().fill(Number.NaN));
      };
      const message = await failure(() => trainAnd(trainer, 5, spoil));
      expect(message).toMatch(/^Stage 0 \(everything\), the evaluation after step 5: The model's answers for rows /);
      expect(message).toContain(`${index} of ${index} values of the weight ${name} are NaN`);
    }
  });

  test("of some texts only: these are named", async () => {
    restore();
    const [a, b] = ["a b c", "x y z"];
    const id = tinyTokenizer("q").inputIds[0]?.[1] as number;
    const table = model.parameters.get("bert.embeddings.word_embeddings.weight") as Parameter;
    const values = table.data();
    values.fill(Number.NaN, id * (table.shape[1] as number), (id + 1) * (table.shape[1] as number));
    const trainer = await ordered();
    table.assign(values);
    const message = await failure(() => trainer.predict([a, "q", b, "b q b"] as string[]));
    expect(message).toContain("answers for rows 2, 4 of the texts are NaN or infinite");
    expect(message).toContain("the weight bert.embeddings.word_embeddings.weight");
  });
});

describe("a learning rate near the end of float32, or beyond it", () => {
  test.each([1e39, 3e40, 1e300])("%d is refused when the trainer is made", async (rate) => {
    for (const rates of [{ learningRate: rate }, { headLearningRate: rate }]) {
      const stages: Stage[] = [{ train: "all", epochs: 2, ...rates }];
      await expect(ordered({ stages })).rejects.toMatchObject({
        code: "BAD_STAGE",
        message: expect.stringContaining("that float32 can hold"),
      });
    }
  });

  test.each([0, 5])(
    "of 1e38 after %i steps of warm-up: weights are those of the step before, all finite",
    async (warmupSteps) => {
      restore();
      const stage: Stage = { train: "all", epochs: 1, learningRate: 1e38, warmupSteps };
      const trainer = await ordered({ stages: [stage] });
      let before = weightsOf(trainer);
      const message = await failure(async () => {
        for await (const event of trainer.events()) if (event.kind === "step") before = weightsOf(trainer);
      });
      expect(message).toMatch(/step [123], /); // weights of 1e38 may just fit, and what they give does not
      expect(weightsOf(trainer)).toEqual(before);
      for (const values of before.values()) expect(values.every(Number.isFinite)).toBe(true);
    },
  );

  test("a rate that only looks like it is tried on copies: the step is the same as without the check", async () => {
    // moments of zeros: any rate leaves a weight with gradient zero alone
    const optimizer = new AdamW();
    const variable = new NativeVariable([3], Float32Array.of(1, 2, 3));
    const parameter = { name: "w", shape: [3], variable };
    const step = (gradient: number[], learningRate: number) =>
      tf.tidy(() => optimizer.step([{ parameter, gradient: tf.tensor(gradient), learningRate }]));
    step([0, 0, 0], 1e30);
    expect([...variable.data()]).toEqual([1, 2, 3]);
    step([1, 0, -1], 1e-3);
    expect(variable.data()[0]).toBeCloseTo(0.9994, 3);
    const tensors = tf.memory().numTensors;
    expect(() => step([1, 0, -1], 1e40)).toThrow(/would make [23] of 3 values of w NaN or infinite/);
    expect(optimizer.stepsOf("w")).toBe(2);
    expect(tf.memory().numTensors).toBe(tensors);
    optimizer.dispose();
    variable.dispose();
  });
});

test("what no step exceeds is known without a look at the values, for 300 steps of the worst gradients", () => {
  for (const [beta1, beta2] of [
    [0.9, 0.999],
    [0.9, 0.95],
    [0, 0.9],
    [0.5, 0.3],
  ] as const) {
    const optimizer = new AdamW({ beta1, beta2 });
    const variable = new NativeVariable([4], Float32Array.of(1, -1, 0.5, 0));
    const parameter = { name: "w", shape: [4], variable };
    let worst = 0;
    for (let i = 0; i < 300; i++) {
      // the share of the first moment is largest where gradients grow by beta2 / beta1 from step to step
      const growing = Math.min(1e15, (beta2 / Math.max(beta1, 0.1)) ** (i % 60));
      tf.tidy(() =>
        optimizer.step([{ parameter, gradient: tf.tensor([growing, -growing, 1, 1e-25]), learningRate: 0.1 }]),
      );
      worst = Math.max(worst, Math.max(...variable.data().map(Math.abs)) / variable.bound);
    }
    expect(worst).toBeLessThanOrEqual(1);
    optimizer.dispose();
    variable.dispose();
  }
});

test("a step that fails leaves no tensor behind", async () => {
  restore();
  const once = async () => {
    const trainer = await ordered({ stages: [{ train: "head", epochs: 1 }] });
    await failure(() => trainAnd(trainer, 1, () => void poison("classifier.bias", Number.NaN)));
    restore();
    weightsOf(trainer); // keeps a tensor each
    return tf.memory().numTensors;
  };
  expect(await once()).toBe(await once());
});

test.runIf(engineName === "tensorflow")("the check of the weights costs nothing once it is made", () => {
  const variable = new NativeVariable([1000], new Float32Array(1000).fill(2));
  expect(variable.bound).toBeCloseTo(2 * Math.sqrt(1000), 3);
  const optimizer = new AdamW();
  const parameter = { name: "w", shape: [1000], variable };
  tf.tidy(() => optimizer.step([{ parameter, gradient: tf.ones([1000]) as Tensor, learningRate: 0.1 }]));
  expect(variable.bound).toBeGreaterThan(2 * Math.sqrt(1000)); // carried on, not measured again
  variable.assign(new Float32Array(1000));
  expect(variable.bound).toBe(0);
  optimizer.dispose();
  variable.dispose();
});
