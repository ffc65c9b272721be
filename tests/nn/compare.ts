/** Ops with gradients of their own against the same formula differentiated by tfjs. */
import { expect } from "vitest";
import { DropoutRng } from "../../src/nn/dropout.ts";
import { lossAndGradients } from "../../src/tensor/gradients.ts";
import { randomNormal } from "../../src/tensor/random.ts";
import { tf } from "../../src/tensor/tensorflow.ts";

export type Tensor = ReturnType<typeof tf.tensor>;
/** Standard normal values that depend on the name alone. */
export const random = (name: string, shape: number[]) =>
  tf.tensor(
    randomNormal(
      7,
      name,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

/** The value and all gradients of `sum(f(inputs) * weights)` by the op under test and by tfjs's own autodiff. */
export function compare(
  name: string,
  inputs: Tensor[],
  own: (...x: Tensor[]) => Tensor,
  plain: (...x: Tensor[]) => Tensor,
): void {
  const run = (f: (...x: Tensor[]) => Tensor) => {
    const shape = f(...inputs).shape;
    const weights = random(`${name} weights`, shape);
    const { loss, gradients } = lossAndGradients(
      () =>
        f(...inputs)
          .mul(weights)
          .sum(),
      inputs,
    );
    return [f(...inputs), loss, ...gradients.map((g) => g as Tensor)].map((t) => Array.from(t.dataSync()));
  };
  const [mine, theirs] = [run(own), run(plain)];
  mine.forEach((values, i) => {
    // some true gradients are zero, and the loss is a sum whose parts may cancel
    const scale = Math.max(i === 1 ? 1 : 1e-3, ...(theirs[i] as number[]).map(Math.abs));
    const worst = Math.max(...values.map((value, j) => Math.abs(value - (theirs[i]?.[j] as number))));
    expect(worst / scale, `${name}: ${["value", "loss"][i] ?? `gradient ${i - 2}`}`).toBeLessThan(2e-5);
  });
}

/** A dropout generator whose next site has this seed pair. */
export function dropoutRngAt(seed: readonly [number, number]): DropoutRng {
  const dropoutRng = new DropoutRng(0, 0);
  dropoutRng.next = () => seed;
  return dropoutRng;
}
