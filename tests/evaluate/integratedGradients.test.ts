import { describe, expect, test } from "vitest";
import { completenessLimit, gaussLegendre, integratedGradients } from "../../src/evaluate/integratedGradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { golden } from "../golden/read.ts";
import { formulaModel } from "../models/familyModel.ts";

interface ExplainCase {
  readonly config: Record<string, unknown>;
  readonly input_ids: number[];
  readonly baseline_ids: number[];
  readonly token_type_ids?: number[];
  readonly logits: number[];
  readonly baseline_logits: number[];
  readonly attributions: number[][];
}

const { steps, cases } = golden<{ steps: number; cases: Record<string, ExplainCase> }>("explain.json");
const caseOf = (name: string) => cases[name] as ExplainCase;

function inputOf({ config, input_ids, baseline_ids, token_type_ids }: ExplainCase) {
  return {
    model: formulaModel(config),
    text: { inputIds: input_ids, ...(token_type_ids === undefined ? {} : { tokenTypeIds: token_type_ids }) },
    baselineIds: baseline_ids,
    targets: (logits: Float32Array) => [...logits.keys()],
  };
}

const worst = (mine: ArrayLike<number>, theirs: readonly number[]) =>
  Math.max(...theirs.map((value, i) => Math.abs(value - (mine[i] as number))));

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("attributions, logits and baseline equal captum's, and add up within 1 % with 50 steps but for one", () => {
  test.each(Object.keys(cases))("%s", async (name) => {
    const expected = caseOf(name);
    const input = inputOf(expected);
    const found = await integratedGradients({ ...input, steps, maxSteps: steps });
    const errors = [
      worst(found.logits, expected.logits),
      worst(found.baselineLogits, expected.baseline_logits),
      ...found.targets.map(({ attributions }, i) => worst(attributions, expected.attributions[i] as number[])),
    ];
    console.log(`${name} against captum: within ${Math.max(...errors).toExponential(1)} (asked: 1e-4)`);
    expect(found.targets.length).toBe(expected.attributions.length);
    expect(Math.max(...errors)).toBeLessThanOrEqual(1e-4);
    for (const { target, attributions, completenessError } of found.targets) {
      const difference = (found.logits[target] as number) - (found.baselineLogits[target] as number);
      expect(completenessError).toBe(Math.abs(sum(attributions) - difference));
      const needsMore = name === "distilbert pair" && target === 1;
      expect(completenessError <= completenessLimit * Math.abs(difference), `target ${target}`).toBe(!needsMore);
    }
    input.model.dispose();
  });
});

// a ReLU before the last layer: the gradient jumps
test("steps are doubled for the label that needs it, up to the limit and no further", async () => {
  const input = inputOf(caseOf("distilbert pair"));
  const stepsOf = async (maxSteps: number) => {
    const { targets, logits, baselineLogits } = await integratedGradients({ ...input, steps: 50, maxSteps });
    const share =
      (targets[1]?.completenessError ?? 0) / Math.abs((logits[1] as number) - (baselineLogits[1] as number));
    expect(share <= completenessLimit).toBe(maxSteps === 400);
    return targets.map((each) => each.steps);
  };
  expect(await stepsOf(400)).toEqual([50, 400]);
  expect(await stepsOf(120)).toEqual([50, 120]);
  input.model.dispose();
});

test("the size of a batch changes nothing but the rounding", async () => {
  const input = inputOf(caseOf("bert pair"));
  const [one, all] = await Promise.all(
    [1, 10_000].map((batchTokens) => integratedGradients({ ...input, steps: 7, maxSteps: 7, batchTokens })),
  );
  one?.targets.forEach(({ attributions }, i) => {
    expect(worst(attributions, [...(all?.targets[i]?.attributions ?? [])])).toBeLessThanOrEqual(1e-6);
  });
  input.model.dispose();
});

test("parameters keep their values and whether they train, and no tensor is left behind", async () => {
  const input = inputOf(caseOf("roberta text"));
  const { model } = input;
  model.freeze("embeddings");
  const state = () => [...model.parameters.values()].map((each) => [each.requiresGrad, each.variable.changes]);
  await integratedGradients({ ...input, steps: 5, maxSteps: 5 });
  const [before, tensors] = [state(), tf.memory().numTensors];
  await integratedGradients({ ...input, steps: 5, maxSteps: 5 });
  expect(state()).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  model.dispose();
});

test("Stop ends it between two batches, and damaged weights are told", async () => {
  const input = inputOf(caseOf("bert text"));
  await integratedGradients({ ...input, steps: 1, maxSteps: 1 }); // the parameters' values are in use from now on
  const tensors = tf.memory().numTensors;
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(integratedGradients({ ...input, steps, maxSteps: steps, signal })).rejects.toThrow("stopped");
  expect(tf.memory().numTensors).toBe(tensors);
  const bias = input.model.parameters.get("classifier.bias");
  bias?.assign(Float32Array.of(Number.NaN, 0));
  await expect(integratedGradients({ ...input, steps, maxSteps: steps })).rejects.toThrow(/NaN.*Load it again/);
  input.model.dispose();
});

// numpy.polynomial.legendre.leggauss(3): 0 and the root of 3/5, weights 8/9 and 5/9, here over [0, 1]
test("the quadrature has Gauss's points, and integrates polynomials of degree 2n - 1 exactly", () => {
  const { points, weights } = gaussLegendre(3);
  expect(worst(points, [(1 - Math.sqrt(0.6)) / 2, 0.5, (1 + Math.sqrt(0.6)) / 2])).toBeLessThan(1e-15);
  expect(worst(weights, [5 / 18, 4 / 9, 5 / 18])).toBeLessThan(1e-15);
  for (const count of [1, 2, 50, 400]) {
    const { points: at, weights: by } = gaussLegendre(count);
    expect(sum(by)).toBeCloseTo(1, 13);
    const degree = 2 * count - 1;
    expect(sum(at.map((x, i) => (by[i] as number) * x ** degree)) * (degree + 1)).toBeCloseTo(1, 10);
  }
});
