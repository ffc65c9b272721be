/** Products with a weight: `x W^T + b` with the weight as PyTorch stores it, and XLNet's weights, which are kept per head. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable, markConstant } from "../tensor/differentiable.ts";
import { outliving } from "../tensor/marks.ts";
import { matMul, matMulBias, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";

/** `x W^T + b`: `x [rows, in]`, `weight [out, in]`, `bias [out]` -> `[rows, out]`. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return differentiable({ x, weight, bias }, () => ({
    value: matMulBias(x, weight, bias),
    saved: { x, weight },
    gradient: (dy, { x, weight }) => ({
      x: () => matMul(dy, weight),
      weight: () => matMul(dy, x, true, false),
      bias: () => sumRows(dy),
    }),
  }));
}

/** `x W^T`: `x [rows, in]`, `weight [out, in]` -> `[rows, out]`; for a bias that the next op adds. */
export function project(x: Tensor, weight: Tensor): Tensor {
  return differentiable({ x, weight }, () => ({
    value: matMul(x, weight, false, true),
    saved: { x, weight },
    gradient: (dy, { x, weight }) => ({
      x: () => matMul(dy, weight),
      weight: () => matMul(dy, x, true, false),
    }),
  }));
}

/** `[width, heads, width of a head]` -> `[width, hidden]` */
const flat = (weight: Tensor): Tensor => weight.reshape([weight.shape[0] as number, -1]);

/** Projects to the heads: `x [rows, width]`, `weight [width, heads, width of a head]` -> `[rows, hidden]`. */
export function toHeads(x: Tensor, weight: Tensor): Tensor {
  return differentiable({ x, weight }, () => ({
    value: matMul(x, flat(weight)),
    saved: { x, weight },
    gradient: (dy, { x, weight }) => ({
      x: () => matMul(dy, flat(weight), false, true),
      weight: () => matMul(x, dy, true, false).reshape(weight.shape),
    }),
  }));
}

/** Projects from the heads: `x [rows, hidden]`, `weight [width, heads, width of a head]` -> `[rows, width]`. */
export function fromHeads(x: Tensor, weight: Tensor): Tensor {
  return differentiable({ x, weight }, () => ({
    value: matMul(x, flat(weight), false, true),
    saved: { x, weight },
    gradient: (dy, { x, weight }) => ({
      x: () => matMul(dy, flat(weight)),
      weight: () => matMul(dy, x, true, false).reshape(weight.shape),
    }),
  }));
}

const zeroBiases = new Map<number, Tensor>();

/** Zeros `[width]` for ops that want a bias where a model has none: made once and kept, and no gradient flows into them. */
export function zeroBias(width: number): Tensor {
  let zeros = zeroBiases.get(width);
  if (zeros === undefined) {
    zeros = markConstant(outliving(tf.keep(tf.zeros([width]))));
    zeroBiases.set(width, zeros);
  }
  return zeros;
}
