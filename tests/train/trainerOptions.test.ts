import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { Trainer } from "../../src/trainer.ts";
import { goldenPath } from "../golden/read.ts";
import { letters, tinyModel, tinyTokenizer } from "./tiny.ts";

const good = { model: await tinyModel(), tokenizer: tinyTokenizer, trainDataset: letters(8) };

test.each<[string, object, RegExp]>([
  [
    "no model",
    { model: undefined },
    /model is missing: give what AutoModelForSequenceClassification.fromPretrained returns/,
  ],
  ["a model without await", { model: Promise.resolve(good.model) }, /model is a promise: put await before/],
  ["a tokenizer without await", { tokenizer: Promise.resolve(tinyTokenizer) }, /tokenizer is a promise/],
  ["no data", { trainDataset: undefined }, /trainDataset is missing: give what TextDataset.fromCsv/],
  ["rows for a data set", { trainDataset: [{ text: "a", label: "x" }] }, /trainDataset is something else.*fromRows/],
  ["texts to evaluate on", { evalDataset: ["a"] }, /evalDataset is something else/],
  ["a slip of the pen", { evalDatset: letters(4) }, /no option of a trainer "evalDatset"\. Did you mean evalDataset\?/],
  ["Python's names", { train_dataset: letters(4) }, /"train_dataset"\. Write trainDataset\./],
])("%s is refused before anything is read", (_, changes, message) => {
  expect(() => new Trainer({ ...good, ...changes })).toThrow(
    expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringMatching(message) }),
  );
});

test("an option that fromPretrained does not have is refused too", async () => {
  const load = (options: object) => AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), options);
  await expect(load({ num_labels: 3 })).rejects.toThrow(
    'There is no option of fromPretrained "num_labels". Write numLabels.',
  );
  await expect(load({ labels: ["a"] })).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
});
