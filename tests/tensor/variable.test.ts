import { expect, test } from "vitest";
import { tf } from "../../src/tensor/tensorflow.ts";
import { NativeVariable } from "../../src/tensor/variable.ts";

test("assigned values are read back, as a copy that later changes leave alone", () => {
  const variable = new NativeVariable([2, 2]);
  expect([...variable.data()]).toEqual([0, 0, 0, 0]);
  variable.assign(Float32Array.of(1, 2, 3, 4));
  const copy = variable.data();
  variable.assign(Float32Array.of(5, 6, 7, 8));
  copy[3] = 9;
  expect([[...copy], [...variable.data()], variable.value.shape]).toEqual([
    [1, 2, 3, 9],
    [5, 6, 7, 8],
    [2, 2],
  ]);
  variable.dispose();
});

test("two variables of one shape do not share their values", () => {
  const [a, b] = [new NativeVariable([1], Float32Array.of(1)), new NativeVariable([1], Float32Array.of(2))];
  a.assign(Float32Array.of(3));
  expect([a.data()[0], b.data()[0]]).toEqual([3, 2]);
});

test("values of another size are refused, and the old ones stay", () => {
  const variable = new NativeVariable([2], Float32Array.of(1, 2));
  expect(() => variable.assign(Float32Array.of(1, 2, 3))).toThrow(/3 values do not fit the shape \[2\]: give 2/);
  expect([...variable.data()]).toEqual([1, 2]);
});

test("a freed variable leaves no tensor, refuses to be used, and can be freed again", () => {
  const before = tf.memory().numTensors;
  const variable = new NativeVariable([2]);
  variable.data();
  variable.dispose();
  expect(tf.memory().numTensors).toBe(before);
  variable.dispose();
  for (const use of [() => variable.value, () => variable.data(), () => variable.assign(new Float32Array(2))]) {
    expect(use).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  }
});

test("variables that come and go leave no memory behind, and none has the values of another", () => {
  const round = (count: number) => {
    for (let i = 0; i < count; i++) {
      const [first, second] = [new NativeVariable([3], Float32Array.of(i, i, i)), new NativeVariable([3])];
      if (i % 1000 === 0) expect([...first.data(), ...second.data()]).toEqual([i, i, i, 0, 0, 0]);
      first.dispose();
      second.dispose();
    }
  };
  round(1000);
  const before = process.memoryUsage.rss();
  round(10_000);
  expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(25); // MB; with a name each it was 62
});
