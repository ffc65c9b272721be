/** Biases and normalisations of every family against PyTorch's modules, and in words. */
import { expect, test } from "vitest";
import { describeTrainable } from "../../src/freezing/describeTrainable.ts";
import { type Selection, select } from "../../src/freezing/selection.ts";
import { golden } from "../golden/read.ts";
import { formulaModel, goldenCases, goldenTypes } from "./familyModel.ts";

type Names = Readonly<Record<"norms" | "biases", readonly string[]>>;
const expected = golden<Readonly<Record<string, readonly Names[]>>>("selections.json");

test.each(goldenTypes)("%s: biases and norms are PyTorch's, in every case", (modelType) => {
  const cases = goldenCases(modelType);
  expect(cases.length).toBe(expected[modelType]?.length);
  cases.forEach(({ config }, i) => {
    const model = formulaModel(config);
    const { norms, biases } = (expected[modelType] as readonly Names[])[i] as Names;
    const selected = (selection: Selection) => [...select(selection, model.blocks, model.depth)].sort();
    expect(norms.length).toBeGreaterThan(2);
    expect(selected("norms")).toEqual([...norms].sort());
    expect(selected("biases")).toEqual([...biases].sort());
    expect(selected(["norms", "biases"])).toEqual([...new Set([...norms, ...biases])].sort());
    model.dispose();
  });
});

test.each(goldenTypes)("%s: they are told in words", (modelType) => {
  const model = formulaModel((goldenCases(modelType)[0] as ReturnType<typeof goldenCases>[0]).config);
  const words = (selection: Selection) => describeTrainable(select(selection, model.blocks, model.depth), model.blocks);
  const shared = modelType === "modernbert" ? "shared, " : ""; // its only shared weights are the last norm
  expect(words("norms")).toBe(`${shared}norms`);
  expect(words("biases")).toBe("biases");
  // without other biases than the classifier's, as ModernBERT has them by default
  expect(words(["head", "biases"])).toBe(modelType === "modernbert" ? "head" : "head, biases");
  expect(words(["biases", "norms"])).toBe(`${shared}biases, norms`);
  model.dispose();
});
