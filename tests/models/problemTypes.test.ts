/** Each problem type in every family, against transformers. */
import { expect, test } from "vitest";
import { checkLabels } from "../../src/models/inputs.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { globalNorm } from "../../src/optim/gradients.ts";
import type { problemTypes } from "../../src/task/task.ts";
import { taskOf } from "../../src/task/taskOf.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";
import { formulaModel, goldenCases, goldenTypes, relativeError } from "./familyModel.ts";

type Tensor = ReturnType<typeof tf.tensor>;

interface GoldenProblem {
  readonly name: string;
  readonly problem_type: (typeof problemTypes)[number];
  readonly labels: number[][];
  readonly loss: number;
  readonly gradient_norm: number;
  readonly gradients: Record<string, Parameters<typeof relativeError>[2]>;
}

const problems = golden<Record<string, GoldenProblem[]>>("problem_types.json");

test.each(
  goldenTypes.flatMap((type) => (problems[type] as GoldenProblem[]).map((each) => [type, each.name, each] as const)),
)("%s, %s: loss and gradients equal transformers'", (modelType, name, expected) => {
  const [{ config, ...batch }] = goldenCases(modelType) as [ReturnType<typeof goldenCases>[number]];
  const numLabels = (expected.labels[0] as number[]).length;
  const model = formulaModel(config, { num_labels: numLabels, problem_type: expected.problem_type });
  const padded = {
    inputIds: batch.input_ids,
    attentionMask: batch.attention_mask,
    ...(batch.token_type_ids === undefined ? {} : { tokenTypeIds: batch.token_type_ids }),
  };
  const { loss, logits } = model.forward({ ...padded, labels: expected.labels });
  const error = Math.abs((loss?.dataSync()[0] as number) - expected.loss) / expected.loss;
  tf.dispose([loss as Tensor, logits]);
  const packed = PackedBatch.fromPadded(padded);
  const labels = checkLabels(expected.labels, expected.labels.length, model.config);
  const parameters = [...model.parameters.values()];
  const { gradients } = lossAndGradients(
    () => taskOf(expected.problem_type).loss(model.run(undefined, -1, packed), labels),
    parameters.map(({ tensor }) => tensor),
  );
  const norm = globalNorm(gradients.filter((gradient) => gradient !== undefined));
  const normError = Math.abs(norm - expected.gradient_norm) / expected.gradient_norm;
  const worst = Object.entries(expected.gradients).reduce((most, [name, theirs]) => {
    const mine = gradients[parameters.findIndex((parameter) => parameter.name === name)] as Tensor;
    return Math.max(most, relativeError(name, mine.dataSync(), theirs));
  }, 0);
  console.log(
    `${modelType}, ${name}: loss within ${error.toExponential(1)} (asked: 1e-5), gradients within ${worst.toExponential(1)}, ` +
      `norm of all within ${normError.toExponential(1)} (asked: 1e-4)`,
  );
  expect(error).toBeLessThanOrEqual(1e-5);
  expect(worst).toBeLessThanOrEqual(1e-4);
  expect(normError).toBeLessThanOrEqual(1e-4);
  packed.dispose();
  model.dispose();
});

const [{ config: bert }] = goldenCases("bert") as [ReturnType<typeof goldenCases>[number]];
const inputIds = [[2, 7, 3]];

test("the first labels decide the problem type where none is said, and later ones of another kind are refused", () => {
  const single = formulaModel(bert, { num_labels: 3 });
  expect(single.problemType).toBeUndefined();
  single.forward({ inputIds, labels: [2] });
  expect(single.problemType).toBe("single_label_classification");
  expect(() => single.forward({ inputIds, labels: [[0, 1, 1]] })).toThrow(/label of text 0 is 0,1,1/);
  const several = formulaModel(bert, { num_labels: 3 });
  several.forward({ inputIds, labels: [[0, 1, 1]] });
  expect(several.problemType).toBe("multi_label_classification");
  const number = formulaModel(bert, { num_labels: 1 });
  number.forward({ inputIds, labels: [0.25] });
  expect(number.problemType).toBe("regression");
  for (const model of [single, several, number]) model.dispose();
});

test("labels that are refused decide nothing", () => {
  const model = formulaModel(bert, { num_labels: 3 });
  expect(() => model.forward({ inputIds, labels: [[0, 1]] })).toThrow(/takes 3 times 0 or 1 a text/);
  expect(model.problemType).toBeUndefined();
  model.dispose();
});
