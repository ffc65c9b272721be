/** A convolution along the tokens of each example, beyond whose ends there are zeros. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { matMul, matMulBias, sumRows } from "../tensor/ops.ts";
import { tf } from "../tensor/tensorflow.ts";
import type { Packing } from "./packing.ts";

interface ConvolutionInputs {
  /** `[tokens, in]` */
  readonly x: Tensor;
  /** `[out, in, kernel]`, as `torch.nn.Conv1d` keeps it, with a kernel of odd length. */
  readonly weight: Tensor;
  /** `[out]` */
  readonly bias: Tensor;
}

/** `y_i = bias + sum_k W_k x_{i + k - (kernel - 1) / 2}` -> `[tokens, out]`: `Conv1d` with padding `(kernel - 1) / 2`. */
export function tokenConvolution({ x, weight, bias }: ConvolutionInputs, packing: Packing): Tensor {
  const [width, kernel] = weight.shape.slice(1) as [number, number];
  const { batch, maxLength: length } = packing;
  const reach = (kernel - 1) / 2;
  const offsets = Array.from({ length: kernel }, (_, k) => k);
  const flat = (w: Tensor) => w.reshape([w.shape[0] as number, width * kernel]);

  /** Puts each token beside its neighbours: `[tokens, in]` -> `[tokens, in * kernel]`. */
  const unfold = (rows: Tensor) => {
    const padded = tf.pad3d(packing.pad(rows) as never, [
      [0, 0],
      [reach, reach],
      [0, 0],
    ]);
    const neighbours = offsets.map((k) => padded.slice([0, k, 0], [batch, length, width]));
    return packing.unpad(tf.stack(neighbours, 3).reshape([batch, length, width * kernel]));
  };
  /** The gradient of `unfold`. */
  const fold = (d: Tensor) => {
    const byNeighbour = packing.pad(d).reshape([batch, length, width, kernel]);
    const parts = offsets.map((k) =>
      tf.pad3d(byNeighbour.slice([0, 0, 0, k], [batch, length, width, 1]).reshape([batch, length, width]) as never, [
        [0, 0],
        [k, kernel - 1 - k],
        [0, 0],
      ]),
    );
    return packing.unpad(tf.addN(parts).slice([0, reach, 0], [batch, length, width]));
  };

  return differentiable({ x, weight, bias }, () => ({
    value: matMulBias(unfold(x), flat(weight), bias),
    saved: { x, weight },
    gradient: (dy, { x, weight }) => ({
      x: () => fold(matMul(dy, flat(weight))),
      weight: () => matMul(dy, unfold(x), true, false).reshape(weight.shape),
      bias: () => sumRows(dy),
    }),
  }));
}
