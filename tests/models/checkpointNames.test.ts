import { expect, test } from "vitest";
import { matchNames } from "../../src/models/loadPlan.ts";

/** Names of the model that a match has not found. */
const missingIn = ({ found }: ReturnType<typeof matchNames>, names: readonly string[]) =>
  names.filter((name) => !found.has(name));

const model = ["bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias", "classifier.weight"];

test("names that are the model's stand for themselves", () => {
  const match = matchNames(model, model, "bert.");
  expect([...match.found]).toEqual(model.map((name) => [name, name]));
  expect([missingIn(match, model), match.unused]).toEqual([[], []]);
});

test("files of the bare encoder lack the prefix, and the head", () => {
  const match = matchNames(["embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias"], model, "bert.");
  expect(match.found.get("bert.embeddings.LayerNorm.bias")).toBe("embeddings.LayerNorm.bias");
  expect([missingIn(match, model), match.unused]).toEqual([["classifier.weight"], []]);
});

test("old files say gamma and beta, with the prefix or without", () => {
  const { found } = matchNames(["bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.beta"], model, "bert.");
  expect(Object.fromEntries(found)).toEqual({
    "bert.embeddings.LayerNorm.weight": "bert.embeddings.LayerNorm.gamma",
    "bert.embeddings.LayerNorm.bias": "embeddings.LayerNorm.beta",
  });
});

test("only a layer norm's gamma is renamed", () => {
  const match = matchNames(["other.gamma"], ["other.weight"], "bert.");
  expect([missingIn(match, ["other.weight"]), match.unused]).toEqual([["other.weight"], ["other.gamma"]]);
});

test("a pretraining head is unused and reported, the buffer position_ids is neither", () => {
  const files = [...model, "cls.predictions.bias", "bert.embeddings.position_ids", "position_ids"];
  expect(matchNames(files, model, "bert.").unused).toEqual(["cls.predictions.bias"]);
  expect(matchNames(["my_position_ids"], model, "bert.").unused).toEqual(["my_position_ids"]);
});
