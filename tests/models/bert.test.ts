import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden, goldenPath } from "../golden/read.ts";

interface LogitsGolden {
  input_ids: number[][];
  logits: number[][];
  lengths: number[];
  batch_size: number;
}

test("logits of the real MiniLM with a seeded head equal transformers' on 64 texts in padded batches", async () => {
  const { input_ids, logits, lengths, batch_size } = golden<LogitsGolden>("bert_logits.json");
  const model = await AutoModelForSequenceClassification.fromPretrained("sentence-transformers/all-MiniLM-L6-v2", {
    numLabels: 3,
  });
  expect(model.newlyInitialized).toEqual(["classifier.weight", "classifier.bias"]);
  model.parameters.get("classifier.weight")?.assign(Float32Array.from({ length: 3 * 384 }, (_, i) => Math.sin(1 + i)));
  model.parameters.get("classifier.bias")?.assign(Float32Array.of(0, 0.01, 0.02));
  let worst = 0;
  for (let first = 0; first < input_ids.length; first += batch_size) {
    const texts = input_ids.slice(first, first + batch_size);
    const width = Math.max(...texts.map((ids) => ids.length));
    const batch = {
      inputIds: texts.map((ids) => [...ids, ...new Array(width - ids.length).fill(0)]),
      attentionMask: texts.map((ids) => [...ids.map(() => 1), ...new Array(width - ids.length).fill(0)]),
    };
    const rows = model.forward(batch).logits.arraySync();
    rows.forEach((row, i) => {
      row.forEach((value, j) => {
        worst = Math.max(worst, Math.abs(value - (logits[first + i]?.[j] as number)));
      });
    });
  }
  console.log(
    `MiniLM logits against transformers, 64 texts of ${Math.min(...lengths)} to ${Math.max(...lengths)} tokens: ` +
      `max difference ${worst.toExponential(2)} (asked: 1e-4)`,
  );
  expect(worst).toBeLessThanOrEqual(1e-4);
  model.dispose();
});

interface GradientsGolden {
  input_ids: number[][];
  token_type_ids: number[][];
  labels: number[];
  loss: number;
  zero_gradient: string[];
  gradients: Record<string, number[]>;
}

test("the gradient of every parameter equals PyTorch's", async () => {
  const expected = golden<GradientsGolden>("bert_gradients.json");
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  expect([...model.parameters.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
  const batch = PackedBatch.fromTexts(
    expected.input_ids.map((inputIds, i) => ({ inputIds, tokenTypeIds: expected.token_type_ids[i] as number[] })),
  );
  const parameters = [...model.parameters.values()];
  const { loss, gradients } = lossAndGradients(
    () => crossEntropy(model.run(undefined, -1, batch), Int32Array.from(expected.labels)),
    parameters.map((parameter) => parameter.tensor),
  );
  expect(loss.dataSync()[0]).toBeCloseTo(expected.loss, 5);
  let worst = 0;
  parameters.forEach(({ name }, i) => {
    const mine = (gradients[i] as NonNullable<(typeof gradients)[number]>).dataSync();
    const theirs = expected.gradients[name] as number[];
    expect(mine.length, name).toBe(theirs.length);
    const error = Math.hypot(...theirs.map((value, j) => value - (mine[j] as number)));
    if (expected.zero_gradient.includes(name)) {
      expect(error, name).toBeLessThan(1e-6);
      return;
    }
    const relative = error / Math.hypot(...theirs);
    expect(relative, name).toBeLessThanOrEqual(1e-4);
    worst = Math.max(worst, relative);
  });
  console.log(
    `gradients of ${parameters.length} parameters against PyTorch: max relative error ${worst.toExponential(2)} (asked: 1e-4)`,
  );
});

test("a batch gives the same logits whatever it is padded to", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  const alone = model.forward({ inputIds: [[2, 7, 8, 3]] }).logits.arraySync();
  const padded = model
    .forward({
      inputIds: [
        [2, 7, 8, 3, 0, 0, 0],
        [2, 9, 9, 9, 9, 9, 3],
      ],
      attentionMask: [
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1],
      ],
    })
    .logits.arraySync();
  padded[0]?.forEach((value, i) => {
    expect(value).toBeCloseTo(alone[0]?.[i] as number, 5);
  });
});

test("ids, labels and lengths out of range are refused with the range", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  expect(() => model.forward({ inputIds: [[2, 60, 3]] })).toThrow(/Token id 60 is out of range.*0 to 59/);
  expect(() => model.forward({ inputIds: [new Array(41).fill(5)] })).toThrow(/Position 40.*truncation/);
  expect(() => model.forward({ inputIds: [[2, 3]], labels: [3] })).toThrow(/label of text 0 is 3.*0 to 2/);
  expect(() => model.forward({ inputIds: [[2, 3]], labels: [0, 1] })).toThrow(/2 labels for 1 texts/);
  expect(() => model.forward({ inputIds: [[2]], attentionMask: [[0]] })).toThrow(/Text 0 of the batch has no token/);
  model.dispose();
});

test("a forward pass leaves nothing behind but its result", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
  const batch = { inputIds: [[2, 7, 3]], labels: [1] };
  model.forward(batch);
  const before = tf.memory().numTensors;
  const { logits, loss } = model.forward(batch);
  expect(tf.memory().numTensors).toBe(before + 2);
  tf.dispose([logits, loss as typeof logits]);
});
