import { expect, test } from "vitest";
import type { ProblemType } from "../../src/task/task.ts";
import { decidedType, modelMetric } from "../../src/task/taskOf.ts";

const metric = (problemType: ProblemType, metricForBestModel?: string, greaterIsBetter?: boolean) =>
  modelMetric({ metricForBestModel, greaterIsBetter }, problemType);

test.each<[ProblemType, string, boolean]>([
  ["single_label_classification", "evalAccuracy", true],
  ["multi_label_classification", "evalMicroF1", true],
  ["regression", "evalMse", false],
])("%s is judged by %s where nobody says otherwise", (problemType, key, greaterIsBetter) => {
  expect(metric(problemType)).toEqual({ key, greaterIsBetter });
});

test("a config decides the problem type by its name, or by a single output", () => {
  expect(decidedType({ problemType: "single_label_classification", numLabels: 1 })).toBe("single_label_classification");
  expect(decidedType({ problemType: undefined, numLabels: 1 })).toBe("regression");
  expect(decidedType({ problemType: undefined, numLabels: 2 })).toBeUndefined();
});

test.each(["macroF1", "evalMacroF1", "eval_macro_f1", "macro_f1"])("%s is the macro F1", (name) => {
  expect(metric("single_label_classification", name)).toEqual({ key: "evalMacroF1", greaterIsBetter: true });
});

test("the loss can be asked for in every problem type, and is better the lower it is", () => {
  for (const type of ["single_label_classification", "multi_label_classification", "regression"] as const) {
    expect(metric(type, "loss")).toEqual({ key: "evalLoss", greaterIsBetter: false });
  }
});

test("the direction can be turned round", () => {
  expect(metric("regression", "mae", true)).toEqual({ key: "evalMae", greaterIsBetter: true });
  expect(metric("regression", undefined, true)).toEqual({ key: "evalMse", greaterIsBetter: true });
});

test.each<[ProblemType, string, RegExp]>([
  [
    "single_label_classification",
    "microF1",
    /"single_label_classification" there are evalLoss, evalAccuracy, evalMacroF1\./,
  ],
  ["multi_label_classification", "accuracy", /there are evalLoss, evalMicroF1, evalMacroF1, evalSubsetAccuracy\./],
  ["regression", "f1", /metricForBestModel is "f1".*evalMse, evalMae, evalR2, evalPearson, evalSpearman\./],
])("%s has no %s, and says what it has", (problemType, name, message) => {
  expect(() => metric(problemType, name)).toThrow(
    expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringMatching(message) }),
  );
});
