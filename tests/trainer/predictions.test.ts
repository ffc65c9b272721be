import { expect, test } from "vitest";
import type { HuggingFaceConfig, ProblemType } from "../../src/config/config.ts";
import { predictionOf } from "../../src/trainer/predictions.ts";

const config = { id2label: ["sad", "glad", "mad"] } as unknown as HuggingFaceConfig;
const row = Float32Array.of(1, 2, -1);
const predict = (problemType: ProblemType, threshold = 0.5) => predictionOf(row, config, problemType, threshold);

test("one label a text: the most probable, by softmax", () => {
  const { score, ...rest } = predict("single_label_classification");
  expect(rest).toEqual({ label: "glad", logits: [1, 2, -1] });
  expect(score).toBeCloseTo(0.7053845126982412, 12); // torch.softmax(tensor([1., 2., -1.]), 0)
});

test("several: all above the threshold, the most probable first, by sigmoid", () => {
  const { labels = [], label, score, values } = predict("multi_label_classification");
  expect(labels.map((each) => each.label)).toEqual(["glad", "sad"]);
  // torch.sigmoid(tensor([1., 2., -1.]))
  expect(labels[0]?.score).toBeCloseTo(0.8807970779778823, 12);
  expect(labels[1]?.score).toBeCloseTo(0.7310585786300049, 12);
  expect([label, score, values]).toEqual(["glad", labels[0]?.score, undefined]);
});

test.each([
  [0, ["glad", "sad", "mad"]],
  [0.8, ["glad"]],
  [0.9, []],
  [1, []],
])("at a threshold of %d a text has the labels %j, and always a most probable one", (threshold, names) => {
  const { labels, label } = predict("multi_label_classification", threshold);
  expect(labels?.map((each) => each.label)).toEqual(names);
  expect(label).toBe("glad");
});

test("regression: the numbers as they are, the first one under the first output's name", () => {
  expect(predict("regression")).toEqual({ label: "sad", score: 1, values: [1, 2, -1], logits: [1, 2, -1] });
});

test("logits far apart neither overflow nor lose their label", () => {
  const far = predictionOf(Float32Array.of(-800, 800), config, "single_label_classification", 0.5);
  expect([far.label, far.score]).toEqual(["glad", 1]);
  const both = predictionOf(Float32Array.of(-800, 800), config, "multi_label_classification", 0.5);
  expect(both.labels).toEqual([{ label: "glad", score: 1 }]);
});
