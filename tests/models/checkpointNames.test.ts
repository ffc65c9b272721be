import { expect, test } from "vitest";
import { matchNames } from "../../src/models/checkpointNames.ts";

const model = ["bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias", "classifier.weight"];

test("names that are the model's stand for themselves", () => {
  const { found, missing, unused } = matchNames(model, model, "bert.");
  expect([...found]).toEqual(model.map((name) => [name, name]));
  expect([missing, unused]).toEqual([[], []]);
});

test("files of the bare encoder lack the prefix, and the head", () => {
  const { found, missing, unused } = matchNames(
    ["embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"],
    model,
    "bert.",
  );
  expect(found.get("bert.embeddings.LayerNorm.bias")).toBe("embeddings.LayerNorm.bias");
  expect([missing, unused]).toEqual([["classifier.weight"], []]);
});

test("old files say gamma and beta, with the prefix or without", () => {
  const { found } = matchNames(["bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.beta"], model, "bert.");
  expect(Object.fromEntries(found)).toEqual({
    "bert.embeddings.LayerNorm.weight": "bert.embeddings.LayerNorm.gamma",
    "bert.embeddings.LayerNorm.bias": "embeddings.LayerNorm.beta",
  });
});

test("only a layer norm's gamma is renamed", () => {
  expect(matchNames(["other.gamma"], ["other.weight"], "bert.")).toMatchObject({
    missing: ["other.weight"],
    unused: ["other.gamma"],
  });
});

test("a pretraining head is unused and reported, the buffer position_ids is neither", () => {
  const files = [...model, "cls.predictions.bias", "bert.embeddings.position_ids", "position_ids"];
  expect(matchNames(files, model, "bert.").unused).toEqual(["cls.predictions.bias"]);
  expect(matchNames(["my_position_ids"], model, "bert.").unused).toEqual(["my_position_ids"]);
});
