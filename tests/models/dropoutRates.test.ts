/** Dropout rates of a pass against a model whose config.json has them: loss and every gradient, bit for bit. */
import { expect, test } from "vitest";
import type { DropoutRates } from "../../src/models/config/config.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { DropoutRng } from "../../src/nn/dropout.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { formulaModel, type GoldenCase, goldenCases, goldenDropouts, goldenTypes, paddedBatch } from "./familyModel.ts";

/** The loss and all gradients of a pass with these rates, as bits. */
function passOf(model: SequenceClassifier, batch: GoldenCase, dropout?: number | DropoutRates): string {
  const packed = PackedBatch.fromPadded(paddedBatch(batch));
  const config = model.config;
  const labels = Int32Array.from(batch.labels);
  const options = { dropoutRng: new DropoutRng(5, 1), ...(dropout === undefined ? {} : { dropout }) };
  const { loss, gradients } = lossAndGradients(
    () => crossEntropy(model.run(undefined, -1, packed, options), labels),
    [...model.parameters.values()].map(({ tensor }) => tensor),
  );
  expect(model.config).toBe(config);
  const bits = [loss, ...gradients].map((tensor) =>
    tensor === undefined ? "none" : Buffer.from(tensor.dataSync().slice().buffer).toString("hex"),
  );
  packed.dispose();
  model.dispose();
  return bits.join();
}

const firstOf = (modelType: string) => goldenCases(modelType)[0] as GoldenCase;
const everywhere = (modelType: string, rate: number) =>
  Object.fromEntries(Object.keys(goldenDropouts(modelType)).map((key) => [key, rate]));

test.each(goldenTypes)("%s drops at the rates of the pass as at the same rates of its config.json", (modelType) => {
  const batch = firstOf(modelType);
  const config = (rate: number) => formulaModel(batch.config, everywhere(modelType, rate));
  const [none, much] = [passOf(config(0), batch), passOf(config(0.3), batch)];
  expect(none).not.toBe(much);
  expect(passOf(config(0.1), batch, 0)).toBe(none);
  expect(passOf(config(0.1), batch, 0.3)).toBe(much);
  expect(passOf(config(0.3), batch, {})).toBe(much);
});

test.each<[string, DropoutRates, Record<string, number>]>([
  ["bert", { hidden: 0.3 }, { hidden_dropout_prob: 0.3 }],
  ["bert", { attention: 0.3 }, { attention_probs_dropout_prob: 0.3 }],
  ["bert", { classifier: 0.3 }, { classifier_dropout: 0.3 }],
  ["bert", { hidden: 0, attention: 0 }, { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }],
  ["roberta", { classifier: 0 }, { classifier_dropout: 0 }],
  ["distilbert", { classifier: 0.3 }, { seq_classif_dropout: 0.3 }],
  ["deberta", { classifier: 0.3 }, { cls_dropout: 0.3, pooler_dropout: 0.3 }],
  ["modernbert", { hidden: 0.3 }, { embedding_dropout: 0.3, mlp_dropout: 0.3 }],
  ["modernbert", { attention: 0.3 }, { attention_dropout: 0.3 }],
  ["xlnet", { classifier: 0.3 }, { summary_last_dropout: 0.3 }],
  ["xlnet", { hidden: 0.3, attention: 0.3 }, { dropout: 0.3 }],
])("%s with the rates %j is a model with %j", (modelType, rates, changes) => {
  const batch = firstOf(modelType);
  const usual = everywhere(modelType, 0.1);
  const changed = passOf(formulaModel(batch.config, { ...usual, ...changes }), batch);
  expect(passOf(formulaModel(batch.config, usual), batch, rates)).toBe(changed);
  expect(passOf(formulaModel(batch.config, usual), batch)).not.toBe(changed);
});

test("the head of MPNet, which drops as its layers do, can have a rate of its own", () => {
  const batch = firstOf("mpnet");
  const model = (rate: number) => formulaModel(batch.config, everywhere("mpnet", rate));
  const none = passOf(model(0), batch);
  expect(passOf(model(0), batch, { classifier: 0.3 })).not.toBe(none);
  expect(passOf(model(0.3), batch, { hidden: 0, attention: 0, classifier: 0 })).toBe(none);
});

test("a second dropout in the head that config.json switches off stays off", () => {
  const batch = firstOf("xlnet");
  const last = (rate: number, first: number) => ({ summary_last_dropout: rate, summary_first_dropout: first });
  const changed = passOf(formulaModel(batch.config, last(0.3, 0)), batch);
  expect(passOf(formulaModel(batch.config, last(0.1, 0)), batch, { classifier: 0.3 })).toBe(changed);
  const both = passOf(formulaModel(batch.config, last(0.3, 0.3)), batch);
  expect(passOf(formulaModel(batch.config, last(0.1, 0.2)), batch, { classifier: 0.3 })).toBe(both);
});
