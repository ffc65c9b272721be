/** V8 ends a script at its timeout as the kernel ends a cell at the second Stop: at once, and without any `finally`. */
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { outliving } from "../../src/tensor/marks.ts";
import { endSection, section } from "../../src/tensor/section.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { NativeVariable } from "../../src/tensor/variable.ts";

const endless = () => {
  for (;;);
};

/** Ends what `work` does after a while. */
function endByForce(work: () => void): void {
  (globalThis as { work?: () => void }).work = work;
  expect(() => runInThisContext("work()", { timeout: 100 })).toThrow(/timed out/);
}

const state = () => {
  const { scopeStack, gradientDepth, activeTape } = (tf.engine() as unknown as { state: Record<string, unknown[]> })
    .state;
  return [tf.memory().numTensors, scopeStack?.length, gradientDepth, activeTape];
};

const nested = () =>
  tf.tidy(() => {
    tf.ones([8]);
    tf.tidy(() => {
      tf.ones([8]);
      endless();
    });
  });
const keeping = () => {
  tf.keep(tf.ones([8]));
  tf.ones([8]);
  endless();
};
const recording = () => {
  lossAndGradients(() => {
    tf.ones([8]).mul(2);
    endless();
    return tf.scalar(1);
  }, []);
};

test.each<[string, () => void]>([
  ["in nested scopes", nested],
  ["with tensors that were kept for later", keeping],
  ["while gradients are recorded", recording],
])("a section that is ended by force %s leaves no tensor, no scope and no tape", (_, work) => {
  const before = state();
  endByForce(() => section(work));
  expect(state()).not.toEqual(before); // nothing else would have freed it
  endSection();
  expect(state()).toEqual(before);
});

test("the next section frees what the last one left", () => {
  const before = state();
  endByForce(() => section(keeping));
  expect(section(() => 3)).toBe(3);
  expect(state()).toEqual(before);
});

test("what outlives a section is not freed with it: weights, and constants that are made once", () => {
  const before = tf.memory().numTensors;
  let variable: NativeVariable | undefined;
  let constant: ReturnType<typeof tf.ones> | undefined;
  endByForce(() =>
    section(() => {
      variable = new NativeVariable([2], Float32Array.of(1, 2));
      variable.add(tf.ones([2]));
      constant = outliving(tf.ones([3]));
      endless();
    }),
  );
  endSection();
  expect([...(variable?.data() ?? [])]).toEqual([2, 3]);
  expect(constant?.isDisposed).toBe(false);
  variable?.dispose();
  constant?.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test("a section that ends by itself, or by an error, is as if it were none", () => {
  const before = state();
  const kept = section(() => tf.ones([4]));
  expect(() =>
    section(() => {
      tf.tidy(() => void tf.ones([4]));
      throw new Error("mine");
    }),
  ).toThrow("mine");
  endSection();
  expect(kept.isDisposed).toBe(false);
  kept.dispose();
  expect(state()).toEqual(before);
});
