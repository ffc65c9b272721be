import { expect, test } from "vitest";
import { gelu } from "../../src/nn/activation.ts";
import { embedding } from "../../src/nn/embedding.ts";
import { layerNorm } from "../../src/nn/layerNorm.ts";
import { linear } from "../../src/nn/linear.ts";
import { placeRows, selectRows } from "../../src/nn/rows.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

const erfGelu = (x: Tensor) => x.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5));

test("linear equals x W^T + b and its gradients", () => {
  const inputs = [random("x", [5, 4]), random("w", [3, 4]), random("b", [3])];
  compare("linear", inputs, linear, (x, w, b) => tf.matMul(x as never, w as never, false, true).add(b as Tensor));
});

test("layerNorm equals its formula and gradients", () => {
  const inputs = [random("x", [5, 8]), random("w", [8]), random("b", [8])];
  compare(
    "layerNorm",
    inputs,
    (x, w, b) => layerNorm(x as Tensor, w as Tensor, b as Tensor, 1e-5),
    (x, w, b) => {
      const centred = (x as Tensor).sub((x as Tensor).mean(-1, true));
      return centred
        .div(centred.square().mean(-1, true).add(1e-5).sqrt())
        .mul(w as Tensor)
        .add(b as Tensor);
    },
  );
});

test("gelu is the erf form, not the tanh one", () => {
  compare("gelu", [random("x", [50])], gelu, erfGelu as never);
});

test("embedding gathers rows and sums the gradients of repeated ids", () => {
  const ids = Int32Array.of(0, 3, 3, 1);
  compare(
    "embedding",
    [random("table", [5, 3])],
    (table) => embedding(table as Tensor, ids),
    (table) => tf.gather(table as Tensor, tf.tensor1d(ids, "int32")),
  );
});

test("the padding row of an embedding gets no gradient", () => {
  const table = random("table", [5, 3]);
  const { gradients } = lossAndGradients(() => embedding(table, Int32Array.of(0, 3, 0), 0).sum(), [table]);
  expect(Array.from((gradients[0] as Tensor).sum(1).dataSync())).toEqual([0, 0, 0, 3, 0]);
});

test("selectRows gathers and scatters back", () => {
  const rows = Int32Array.of(0, 3);
  compare(
    "selectRows",
    [random("x", [5, 3])],
    (x) => selectRows(x as Tensor, rows),
    (x) => tf.gather(x as Tensor, tf.tensor1d(rows, "int32")),
  );
});

test("placeRows is the reverse of selectRows", () => {
  const rows = Int32Array.of(3, 0);
  compare(
    "placeRows",
    [random("x", [2, 3])],
    (x) => placeRows(x as Tensor, rows, 5),
    (x) =>
      tf.concat([
        (x as Tensor).slice([1, 0], [1, 3]),
        tf.zeros([2, 3]),
        (x as Tensor).slice([0, 0], [1, 3]),
        tf.zeros([1, 3]),
      ]),
  );
});

test("a tensor that is in no path has no gradient", () => {
  const [x, y] = [random("x", [2]), random("y", [2])];
  const { gradients } = lossAndGradients(() => x.sum(), [x, y]);
  expect(gradients[1]).toBeUndefined();
});
