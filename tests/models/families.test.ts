import { describe, expect, test, vi } from "vitest";
import { select } from "../../src/freezing/selection.ts";
import { families, maxTokens } from "../../src/models/families.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { initialValues } from "../../src/models/parameter.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { DropoutRng } from "../../src/nn/dropout.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import {
  formulaModel,
  type GoldenBatch,
  goldenCases,
  goldenDropouts,
  goldenInitial,
  goldenTypes,
  paddedBatch,
  relativeError,
  uniform,
} from "./familyModel.ts";

type Tensor = ReturnType<typeof tf.tensor>;

/** Loss, and the gradient of each parameter by its name. */
function gradientsOf(model: SequenceClassifier, batch: GoldenBatch, options = {}) {
  const packed = PackedBatch.fromPadded(paddedBatch(batch));
  const parameters = [...model.parameters.values()];
  const { loss, gradients } = lossAndGradients(
    () => crossEntropy(model.run(undefined, -1, packed, options), Int32Array.from(batch.labels)),
    parameters.map(({ tensor }) => tensor),
  );
  packed.dispose();
  const byName = new Map(parameters.map(({ name }, i) => [name, gradients[i]?.dataSync() as Float32Array | undefined]));
  return { loss: loss.dataSync()[0] as number, gradients: byName };
}

const worstOf = (mine: number[][], theirs: number[][]) =>
  Math.max(...theirs.flatMap((row, i) => row.map((value, j) => Math.abs(value - (mine[i]?.[j] as number)))));

// tests/golden/formula.py: uniform("classifier.weight", 3) * 2 ** 23
test("the formula gives what it gives in Python", () => {
  expect([...uniform("classifier.weight", 3)].map((value) => value * 2 ** 23)).toEqual([-1257380, -5932965, 7067305]);
});

test("every family has a golden, and every golden a family", () => {
  expect(families.map(({ modelType }) => modelType).sort()).toEqual(goldenTypes);
});

describe.each(goldenTypes)("%s", (modelType) => {
  const cases = goldenCases(modelType);
  const first = cases[0] as (typeof cases)[number];

  test.each(cases.map((_, i) => i))("case %i: parameters have the names, shapes and blocks of the state dict", (i) => {
    const { config, parameters } = cases[i] as typeof first;
    const model = formulaModel(config);
    const mine = [...model.parameters.values()].map(({ name, block, shape }) => [name, [block, shape]]);
    expect(Object.fromEntries(mine)).toEqual(parameters);
    model.dispose();
  });

  test.each(cases.map((_, i) => i))("case %i: loss, logits and gradients equal PyTorch's", (i) => {
    const expected = cases[i] as typeof first;
    const model = formulaModel(expected.config);
    const { logits, loss } = model.forward({ ...paddedBatch(expected), labels: expected.labels });
    const worst = { logits: worstOf(logits.arraySync(), expected.logits), gradient: 0, zero: 0 };
    expect(worst.logits).toBeLessThanOrEqual(1e-5);
    expect(Math.abs((loss?.dataSync()[0] as number) - expected.loss)).toBeLessThanOrEqual(1e-5);
    tf.dispose([logits, loss as Tensor]);
    for (const [name, values] of gradientsOf(model, expected).gradients) {
      const theirs = expected.gradients[name];
      // of a parameter that nothing depends on, and of biases of keys, which the softmax takes away again
      if (theirs === null || theirs === undefined || theirs.norm < 1e-12) {
        const largest = Math.max(0, ...(values ?? []).map(Math.abs));
        expect(largest, name).toBeLessThan(1e-6);
        worst.zero = Math.max(worst.zero, largest);
        continue;
      }
      const error = relativeError(name, values as Float32Array, theirs);
      expect(error, name).toBeLessThanOrEqual(1e-4);
      worst.gradient = Math.max(worst.gradient, error);
    }
    console.log(
      `${modelType} ${i} against transformers: logits within ${worst.logits.toExponential(1)} (asked: 1e-5), gradients ` +
        `within ${worst.gradient.toExponential(1)} (asked: 1e-4), zero gradients within ${worst.zero.toExponential(1)}`,
    );
    model.dispose();
  });

  test("a text has the logits alone, unpadded, that it has in a padded batch", () => {
    for (const expected of cases) {
      const model = formulaModel(expected.config);
      const alone = expected.input_ids.map((ids, text) => {
        const kept = ids.flatMap((_, column) => (expected.attention_mask[text]?.[column] === 1 ? [column] : []));
        const pick = (row: number[] | undefined) => kept.map((column) => row?.[column] ?? 0);
        const types = expected.token_type_ids?.[text];
        const batch = PackedBatch.fromTexts([
          { inputIds: pick(ids), ...(types === undefined ? {} : { tokenTypeIds: pick(types) }) },
        ]);
        return (model.run(undefined, -1, batch).arraySync() as number[][])[0] as number[];
      });
      expect(worstOf(alone, expected.logits)).toBeLessThanOrEqual(1e-5);
      model.dispose();
    }
  });

  test("freezing layer 1 of 12 freezes nothing of layers 10 and 11, and gives them the same gradients", () => {
    const { config } = first;
    const depthKey = ["num_hidden_layers", "n_layers", "n_layer"].find((key) => key in config) as string;
    const model = formulaModel(config, { [depthKey]: 12 });
    expect(model.depth).toBe(12);
    if (![...model.blocks.values()].some((block) => typeof block === "number")) {
      expect(() => model.freeze({ layers: [1] })).toThrow(/run on the same weights/);
      return;
    }
    const before = gradientsOf(model, first).gradients;
    model.freeze({ layers: [1] });
    const frozen = [...model.parameters.values()].filter(({ requiresGrad }) => !requiresGrad).map(({ name }) => name);
    expect(frozen.length).toBeGreaterThan(5);
    for (const name of frozen) expect(name).toMatch(/\.1\./);
    const after = gradientsOf(model, first).gradients;
    for (const name of select({ layers: [10, 11] }, model.blocks, 12)) {
      expect(model.parameters.get(name)?.requiresGrad, name).toBe(true);
      expect(after.get(name), name).toEqual(before.get(name));
    }
    for (const name of frozen) expect(after.get(name), name).toBeUndefined();
    model.dispose();
  });

  test("from every cut on the model gives what it gives as a whole", () => {
    const model = formulaModel(first.config);
    const batch = PackedBatch.fromPadded(paddedBatch(first));
    const whole = model.run(undefined, -1, batch).arraySync() as number[][];
    const cuts = Array.from({ length: model.depth + 1 }, (_, cut) => cut);
    for (const [cut, rows] of model.runPrefix(cuts, batch)) {
      const logits = model.run(rows, cut, batch).arraySync() as number[][];
      if (nativeOps) expect(logits, `cut ${cut}`).toEqual(whole);
      else expect(worstOf(logits, whole), `cut ${cut}`).toBeLessThanOrEqual(1e-6);
    }
    batch.dispose();
    model.dispose();
  });

  test("gradient checkpointing gives the same gradients, dropout on", () => {
    const dropouts = Object.keys(first.config).filter((key) => /dropout|_prob$/.test(key));
    const model = formulaModel(first.config, Object.fromEntries(dropouts.map((key) => [key, 0.2])));
    const [plain, checkpointed] = [false, true].map((gradientCheckpointing) =>
      gradientsOf(model, first, { gradientCheckpointing, dropoutRng: new DropoutRng(1, 2) }),
    );
    expect(checkpointed?.loss).toBe(plain?.loss);
    expect(checkpointed?.loss).not.toBeCloseTo(first.loss, 3); // the dropout was on
    for (const [name, values] of plain?.gradients ?? []) {
      const again = checkpointed?.gradients.get(name);
      if (values !== undefined) expect(again, name).toEqual(values);
      else
        expect(
          [...(again ?? [])].every((value) => value === 0),
          name,
        ).toBe(true);
    }
    model.dispose();
  });

  test("dropout is where transformers has it, each at the rate of its own key", () => {
    const expected = goldenDropouts(modelType);
    const off = Object.keys(expected).filter((key) => key !== "classifier_dropout"); // absent: as other dropout
    const mine = Object.keys(expected).map((key) => {
      const model = formulaModel(first.config, { ...Object.fromEntries(off.map((other) => [other, 0])), [key]: 0.25 });
      const batch = PackedBatch.fromPadded(paddedBatch(first));
      const dropoutRng = new DropoutRng(0, 0);
      const shared = vi.spyOn(DropoutRng.prototype, "shared");
      model.run(undefined, -1, batch, { dropoutRng }).dispose();
      const isShared = shared.mock.calls.length > 0 && model.config.hiddenDropoutProb > 0;
      shared.mockRestore();
      batch.dispose();
      model.dispose();
      // of the step 0 the second seed is the number of the site; the mask that all layers share stands apart
      return [key, dropoutRng.next()[1] + Number(isShared)];
    });
    expect(Object.fromEntries(mine)).toEqual(expected);
  });

  test("values that no file has are made as transformers makes them", () => {
    const model = formulaModel(first.config);
    const expected = goldenInitial(modelType);
    for (const spec of model.family.parameters(model.config)) {
      const { mean, std, zero_rows } = expected[spec.name] as (typeof expected)[string];
      const values = initialValues(spec, model.config, 3);
      const width = values.length / (spec.shape[0] as number);
      const isZero = (_: unknown, row: number) => values.subarray(row * width, (row + 1) * width).every((x) => x === 0);
      const zeroRows = Array.from({ length: spec.shape[0] as number }, (_, row) => row).filter(isZero);
      expect(zeroRows.length === spec.shape[0] ? "all" : zeroRows, spec.name).toEqual(zero_rows);
      const average = values.reduce((sum, x) => sum + x, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - average) ** 2, 0) / values.length);
      // two samples of so many values: 5 deviations of their difference
      const apart = std * 5 * Math.sqrt(2 / values.length);
      expect(Math.abs(average - mean), `mean of ${spec.name}`).toBeLessThanOrEqual(apart);
      expect(Math.abs(deviation - std), `deviation of ${spec.name}`).toBeLessThanOrEqual(apart + 0.03 * std);
    }
    model.dispose();
  });

  test("token types make a difference where the family says so, and nowhere else", () => {
    const { config } = first;
    const model = formulaModel(config, config.type_vocab_size === 1 ? { type_vocab_size: 2 } : {});
    const inputIds = [[7, 8, 9, 10]];
    const [zero, one] = [0, 1].map((type) =>
      model.forward({ inputIds, tokenTypeIds: [[0, 0, type, type]] }).logits.arraySync(),
    );
    if (model.family.usesTokenTypes(model.config)) expect(one).not.toEqual(zero);
    else expect(one).toEqual(zero);
    model.dispose();
  });

  test("the longest text is taken, one token more is refused", () => {
    const model = formulaModel(first.config);
    const longest = maxTokens(model.config);
    const text = (length: number) => ({ inputIds: [new Array(length).fill(7)] });
    if (longest === undefined) {
      tf.dispose(model.forward(text(200)).logits);
    } else {
      tf.dispose(model.forward(text(longest)).logits);
      expect(() => model.forward(text(longest + 1))).toThrow(/Position \d+ is out of range/);
    }
    model.dispose();
  });

  test("a forward pass leaves nothing behind but its result", () => {
    const model = formulaModel(first.config);
    const run = () => model.forward({ ...paddedBatch(first), labels: first.labels });
    run();
    const before = tf.memory().numTensors;
    const { logits, loss } = run();
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([logits, loss as Tensor]);
    model.dispose();
  });
});
