/** bert-tiny in bfloat16: no further from the truth than PyTorch's autocast on the same batch. */
import { expect, test } from "vitest";
import { ThawError } from "../../src/errors.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import type { Precision } from "../../src/tensor/precision.ts";
import { golden, goldenPath } from "../golden/read.ts";

interface GradientsGolden {
  input_ids: number[][];
  token_type_ids: number[][];
  labels: number[];
  gradients: Record<string, number[]>;
}

interface AutocastGolden {
  loss: number;
  logits: number[][];
  autocast_loss: number;
  autocast_logits: number[][];
  relative_error: Record<string, number>;
}

const { input_ids, token_type_ids, labels, gradients: exact } = golden<GradientsGolden>("bert_gradients.json");
const batch = PackedBatch.fromTexts(
  input_ids.map((inputIds, i) => ({ inputIds, tokenTypeIds: token_type_ids[i] as number[] })),
);
const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
const logitsIn = (precision: Precision) => model.run(undefined, -1, batch, { precision });

test.skipIf(!nativeOps)("logits and gradients are as near to float64's as those of PyTorch's autocast", () => {
  const theirs = golden<AutocastGolden>("bert_autocast.json");
  const parameters = [...model.parameters.values()];
  const { loss, gradients } = lossAndGradients(
    () => crossEntropy(logitsIn("bfloat16"), Int32Array.from(labels)),
    parameters.map(({ tensor }) => tensor),
  );
  const worst = (rows: number[][]) =>
    Math.max(...rows.flatMap((row, i) => row.map((value, j) => Math.abs(value - (theirs.logits[i]?.[j] as number)))));
  const mine = worst(logitsIn("bfloat16").arraySync() as number[][]);
  const autocast = worst(theirs.autocast_logits);
  const errors = parameters.flatMap(({ name }, i) => {
    if (!(name in theirs.relative_error)) return [];
    const truth = exact[name] as number[];
    const values = (gradients[i] as NonNullable<(typeof gradients)[number]>).dataSync();
    return [Math.hypot(...truth.map((value, j) => value - (values[j] as number))) / Math.hypot(...truth)];
  });
  const worstTheirs = Math.max(...Object.values(theirs.relative_error));
  console.log(
    `bert-tiny in bfloat16 (PyTorch's autocast): logits off by ${mine.toExponential(1)} (${autocast.toExponential(1)}), loss by ` +
      `${Math.abs((loss.dataSync()[0] as number) - theirs.loss).toExponential(1)} ` +
      `(${Math.abs(theirs.autocast_loss - theirs.loss).toExponential(1)}), gradients by ` +
      `${Math.max(...errors).toExponential(1)} (${worstTheirs.toExponential(1)}) at most`,
  );
  expect(errors).toHaveLength(Object.keys(theirs.relative_error).length);
  const margin = 1.25; // other processors add in another order, which turns some roundings
  expect(mine).toBeLessThanOrEqual(margin * autocast);
  expect(mine).toBeGreaterThan(1e-5); // in float32 they agree to 1e-6
  expect(loss.dataSync()[0]).toBeCloseTo(theirs.loss, 2);
  expect(Math.max(...errors)).toBeLessThanOrEqual(margin * worstTheirs);
});

test("embeddings, the rows that the head reads and the head are in float32, and so is everything by default", () => {
  const cut = model.depth;
  const rows = model.runPrefix([cut], batch).get(cut);
  const head = (precision: Precision) => model.run(rows, cut, batch, nativeOps ? { precision } : {}).dataSync();
  expect(head("bfloat16")).toEqual(head("float32"));
  expect(model.run(undefined, -1, batch).dataSync()).toEqual(logitsIn("float32").dataSync());
});

test.skipIf(!nativeOps)("a family that has no layers in bfloat16 is not computed in float32 instead", () => {
  const family = { ...model.family, precisions: () => ["float32"] as const };
  const other = new SequenceClassifier(family, model.config, model.parameters);
  expect(() => other.run(undefined, -1, batch, { precision: "bfloat16" })).toThrow(/bert models.*float32 only/);
  expect(() => other.checkPrecision("float32")).not.toThrow();
});

test.skipIf(nativeOps)("without the ops of native/ it is refused, not computed in float32", () => {
  expect(() => logitsIn("bfloat16")).toThrow(ThawError);
  expect(() => logitsIn("bfloat16")).toThrow(/float32/);
});
