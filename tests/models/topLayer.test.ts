/** The topmost layer computes only the rows that the head reads: they are those of the whole layer. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { families } from "../../src/models/families.ts";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { TensorPass } from "../../src/models/tensorPass.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { formulaModel, goldenCases, paddedBatch } from "./familyModel.ts";

describe.each(families.map((family) => [family.modelType, family] as const))("%s", (modelType, family) => {
  const [golden] = goldenCases(modelType);
  if (golden === undefined) throw new Error(`There is no golden of ${modelType}.`);
  const model = formulaModel(golden.config);
  const padded = paddedBatch(golden);
  const top = model.depth - 1;

  test("gives the rows of the whole layer, and the same gradient below it", () => {
    const batch = PackedBatch.fromPadded(padded);
    const below = model.runPrefix([top], batch).get(top) as Tensor;
    const x = below.clone() as Tensor; // the prefix's own is a constant
    const pass = new TensorPass({
      config: model.config,
      batch,
      weight: (name: string) => model.parameters.get(name)?.tensor as Tensor,
      dropoutRng: undefined,
      precision: "float32",
    });
    const pool = (rows: Tensor) => family.pool?.(pass, rows) ?? rows;
    const whole = () => pool(pass.selectQueryRows(family.layer(pass, top, x), model.queryRows));
    const rows = () => pool(family.layer(pass, top, x, model.queryRows));
    const factors = tf.cos(tf.range(0, whole().size)) as Tensor;
    const [expected, found] = [whole, rows].map((run) => {
      const value = run();
      const loss = () => run().reshape([-1]).mul(factors).sum() as Tensor;
      return [value, lossAndGradients(loss, [x]).gradients[0] as Tensor];
    });
    expected?.forEach((tensor, i) => {
      const difference = tensor
        .sub(found?.[i] as Tensor)
        .abs()
        .max()
        .dataSync()[0];
      expect(difference, i === 0 ? "rows" : "gradient").toBeLessThan(2e-6);
    });
  });

  test("forward can be differentiated although its batch is gone by then", () => {
    const weights = [...model.parameters.values()].map(({ tensor }) => tensor);
    const gradients = (loss: () => Tensor) => lossAndGradients(loss, weights).gradients;
    const batch = PackedBatch.fromPadded(padded);
    const labels = Int32Array.from(golden.labels);
    const kept = gradients(() => crossEntropy(model.run(undefined, -1, batch), labels));
    const gone = gradients(() => model.forward({ ...padded, labels }).loss as Tensor);
    batch.dispose();
    gone.forEach((gradient, i) => {
      expect(gradient?.dataSync(), [...model.parameters.keys()][i] as string).toEqual(kept[i]?.dataSync());
    });
  });
});
