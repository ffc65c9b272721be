/** `y = x W^T + b`, with the weight as PyTorch stores it. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../tensor/differentiable.ts";
import { matMul, matMulBias, sumRows } from "../tensor/ops.ts";

/** `x W^T`: `x [rows, in]`, `weight [out, in]` -> `[rows, out]`; for a bias that the next op adds. */
export function project(x: Tensor, weight: Tensor): Tensor {
  return differentiable([x, weight], (save) => {
    save(x, weight);
    return {
      value: matMul(x, weight, false, true),
      gradient: (dy, [x, weight], wants) => [
        wants(0) ? matMul(dy, weight as Tensor) : undefined,
        wants(1) ? matMul(dy, x as Tensor, true, false) : undefined,
      ],
    };
  });
}

/** `x [rows, in]`, `weight [out, in]`, `bias [out]` -> `[rows, out]`. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return differentiable([x, weight, bias], (save) => {
    save(x, weight);
    return {
      value: matMulBias(x, weight, bias),
      gradient: (dy, [x, weight], wants) => [
        wants(0) ? matMul(dy, weight as Tensor) : undefined,
        wants(1) ? matMul(dy, x as Tensor, true, false) : undefined,
        wants(2) ? sumRows(dy) : undefined,
      ],
    };
  });
}
