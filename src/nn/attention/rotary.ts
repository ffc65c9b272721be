/** Rotary positions (Su et al. 2021, arXiv:2104.09864), in the half-split form of transformers' `rotate_half`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { add, multiply, subtract } from "../../tensor/ops.ts";
import { tf } from "../../tensor/tensorflow.ts";

/** Cosines and sines of the angles by which rows are turned: each `[tokens, 1, width of a head / 2]`. */
interface Rotation {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * The rotation of tokens at `positions [tokens]`, by angles `position * theta ^ (-2i / width)` in float32 as PyTorch
 * computes them; `width` is that of a head, even.
 */
export function rotation(positions: Int32Array, theta: number, width: number): Rotation {
  const half = width / 2;
  const frequencies = rotaryFrequencies(theta, width);
  const waves = (wave: (angle: number) => number): Tensor => {
    const values = new Float32Array(positions.length * half);
    positions.forEach((position, token) => {
      frequencies.forEach((frequency, i) => {
        values[token * half + i] = wave(Math.fround(position * frequency));
      });
    });
    return tf.tensor3d(values, [positions.length, 1, half]);
  };
  return { cos: waves(Math.cos), sin: waves(Math.sin) };
}

/** `theta ^ (-2i / width)` in float32, for i from 0: `[width / 2]`. */
export function rotaryFrequencies(theta: number, width: number): number[] {
  return Array.from({ length: width / 2 }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / width))),
  );
}

/** Turns each head of each row of `x [tokens, hidden]`: `(a, b)` becomes `(a cos - b sin, b cos + a sin)`. */
export function rotate(x: Tensor, heads: number, { cos, sin }: Rotation): Tensor {
  return differentiable({ x }, () => ({
    value: turned(x, heads, cos, sin),
    saved: { cos, sin },
    gradient: (dy, { cos, sin }) => ({ x: () => turned(dy, heads, cos, tf.neg(sin)) }), // back again
  }));
}

function turned(x: Tensor, heads: number, cos: Tensor, sin: Tensor): Tensor {
  const [tokens, hidden] = x.shape as [number, number];
  const half = hidden / heads / 2;
  const pairs = x.reshape([tokens, heads, 2 * half]);
  const a = pairs.slice([0, 0, 0], [tokens, heads, half]);
  const b = pairs.slice([0, 0, half], [tokens, heads, half]);
  const first = subtract(multiply(a, cos), multiply(b, sin));
  return tf.concat([first, add(multiply(b, cos), multiply(a, sin))], 2).reshape([tokens, hidden]);
}
