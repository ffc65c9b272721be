import { expect, test } from "vitest";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { DropoutRng } from "../../src/nn/dropout.ts";
import { AdamW } from "../../src/optim/adamW.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { OptimizerStep } from "../../src/train/step.ts";
import { formulaModel, goldenCases } from "./familyModel.ts";

const { config } = goldenCases("xlnet")[0] as ReturnType<typeof goldenCases>[number];
const ids = [
  [5, 5, 9, 8, 4, 3],
  [7, 6, 10, 11, 4, 3],
];
const left = [
  [0, 0, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 1],
];
const segments = [
  [0, 0, 0, 0, 0, 2],
  [0, 0, 0, 1, 1, 2],
];

test("padding on the right and within a text is refused, on the left it makes no difference", () => {
  const model = formulaModel(config);
  const right = {
    inputIds: [[9, 8, 4, 3, 5, 5], ids[1] as number[]],
    attentionMask: [[1, 1, 1, 1, 0, 0], left[1] as number[]],
  };
  expect(() => model.forward(right)).toThrow(/Text 0 of the batch is padded on the right.*paddingSide: "left"/);
  const within = { inputIds: ids, attentionMask: [left[0] as number[], [1, 1, 0, 1, 1, 1]] };
  expect(() => model.forward(within)).toThrow(/Text 1 of the batch/);
  const padded = model.forward({ inputIds: ids, attentionMask: left }).logits.arraySync();
  const ragged = model.forward({ inputIds: [[9, 8, 4, 3], ids[1] as number[]] }).logits.arraySync();
  expect(padded).toEqual(ragged);
  model.dispose();
});

test("a text may be longer than any in training", () => {
  const model = formulaModel(config);
  const { logits } = model.forward({ inputIds: [Array.from({ length: 700 }, (_, i) => 6 + (i % 50))] });
  expect(logits.arraySync().flat().every(Number.isFinite)).toBe(true);
  model.dispose();
});

test("segments are only compared: types 0 and 1 give what 1 and 0 give, and one type what none gives", () => {
  const model = formulaModel(config);
  const logits = (types?: number[]) =>
    model
      .forward({ inputIds: [ids[1] as number[]], ...(types === undefined ? {} : { tokenTypeIds: [types] }) })
      .logits.arraySync();
  expect(logits([0, 0, 1, 1, 1, 1])).toEqual(logits([1, 1, 0, 0, 0, 0]));
  expect(logits([1, 1, 1, 1, 1, 1])).toEqual(logits());
  expect(logits([0, 0, 0, 0, 0, 2])).not.toEqual(logits());
  model.dispose();
});

test("without segments their parameters have no gradient, as in PyTorch without token types", () => {
  const model = formulaModel(config);
  const parameters = [...model.parameters.values()];
  const without = (tokenTypeIds: number[][] | undefined) => {
    const batch = PackedBatch.fromPadded({ inputIds: ids, attentionMask: left, ...(tokenTypeIds && { tokenTypeIds }) });
    const { gradients } = lossAndGradients(
      () => crossEntropy(model.run(undefined, -1, batch), Int32Array.of(0, 1)),
      parameters.map(({ tensor }) => tensor),
    );
    batch.dispose();
    return parameters.filter((_, i) => gradients[i] === undefined).map(({ name }) => name);
  };
  expect(without(segments)).toEqual(["transformer.mask_emb"]);
  const perLayer = [0, 1, 2].flatMap((i) =>
    ["r_s_bias", "seg_embed"].map((part) => `transformer.layer.${i}.rel_attn.${part}`),
  );
  expect(without(undefined)).toEqual(["transformer.mask_emb", ...perLayer]);
  model.dispose();
});

test("an optimizer step neither moves nor decays mask_emb, and decays all that has a gradient", () => {
  const model = formulaModel(config);
  const before = new Map([...model.parameters].map(([name, parameter]) => [name, parameter.data()]));
  const optimizer = new AdamW();
  const step = new OptimizerStep({
    model,
    optimizer,
    examples: 2,
    learningRates: new Map([...model.parameters.keys()].map((name) => [name, 0.01])),
    weightDecay: 0.5,
    maxGradNorm: 1,
  });
  const batch = PackedBatch.fromPadded({ inputIds: ids, attentionMask: left, tokenTypeIds: segments });
  step.add({ batch, labels: Int32Array.of(0, 1), cut: -1, rows: undefined, dropoutRng: undefined });
  step.finish();
  const still = [...model.parameters].filter(([name, parameter]) => {
    const first = before.get(name) as Float32Array;
    return parameter.data().every((value, i) => value === first[i]);
  });
  expect(still.map(([name]) => name)).toEqual(["transformer.mask_emb"]);
  step.dispose();
  batch.dispose();
  optimizer.dispose();
  model.dispose();
});

test("with dropout, a pass is the same again with the same dropoutRng, and not with another", () => {
  const model = formulaModel(config, { dropout: 0.3, summary_last_dropout: 0.3 });
  const logits = (step: number) =>
    model.forward({ inputIds: ids, attentionMask: left }, new DropoutRng(1, step)).logits.arraySync();
  expect(logits(4)).toEqual(logits(4));
  expect(logits(4)).not.toEqual(logits(5));
  model.dispose();
});

test.each([
  [{ attn_type: "uni" }, /"attn_type" is "uni"; only "bi"/],
  [{ bi_data: true }, /"bi_data" is true/],
  [{ summary_type: "mean" }, /"summary_type" is "mean"; only "last"/],
  [{ summary_use_proj: false }, /"summary_use_proj" is false/],
  [{ d_head: 7 }, /"d_head" is 7; only 12/],
])("%j is refused", (change, message) => {
  expect(() => formulaModel(config, change)).toThrow(message);
});
