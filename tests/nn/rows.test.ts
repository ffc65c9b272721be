import { describe, test } from "vitest";
import { Packing } from "../../src/nn/packing.ts";
import { addBias, addRows, meanRows, multiplyRows, part, placeRows, selectRows } from "../../src/nn/rows.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "./compare.ts";

test("a bias in the shape of heads is added to every row, and its gradient has that shape", () => {
  compare(
    "bias",
    [random("x", [4, 6]), random("b", [3, 2])],
    (x, b) => addBias(x as Tensor, b as Tensor),
    (x, b) => (x as Tensor).add((b as Tensor).reshape([6])),
  );
});

test("the product of two matrices gives each its gradient", () => {
  compare(
    "product",
    [random("a", [4, 6]), random("b", [4, 6])],
    (a, b) => multiplyRows(a as Tensor, b as Tensor),
    (a, b) => (a as Tensor).mul(b as Tensor),
  );
});

test("the sum of two matrices gives each its gradient", () => {
  compare(
    "sum",
    [random("a", [4, 6]), random("b", [4, 6])],
    (a, b) => addRows(a as Tensor, b as Tensor),
    (a, b) => (a as Tensor).add(b as Tensor),
  );
});

test.each([0, 1, 2])("part %d of three is that of every head, or a third of the row", (index) => {
  compare(
    "head-major",
    [random("x", [4, 12])],
    (x) => part(x as Tensor, { index, of: 3, groups: 2 }),
    (x) => tf.gather((x as Tensor).reshape([4, 2, 3, 2]), index, 2).reshape([4, 4]),
  );
  compare(
    "side by side",
    [random("x", [4, 12])],
    (x) => part(x as Tensor, { index, of: 3 }),
    (x) => tf.gather((x as Tensor).reshape([4, 3, 4]), index, 1).reshape([4, 4]),
  );
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

describe.each([[[4, 4]], [[3, 1, 5]], [[1]]])("for packed texts of %j tokens", (lengths) => {
  const packing = new Packing(lengths);
  const firsts = [...packing.firstTokens];
  const textsOf = (x: Tensor) =>
    lengths.map((length, i) => x.slice([firsts[i] as number, 0], [length, x.shape[1] as number]));

  test("the mean is that of each text", () => {
    compare(
      "mean",
      [random("x", [packing.tokens, 4])],
      (x) => meanRows(x as Tensor, packing),
      (x) => tf.stack(textsOf(x as Tensor).map((text) => text.mean(0))),
    );
  });
});
