/** Projections whose weight is kept as `[width, heads, width of a head]`, not transposed: those of XLNet. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { matMul } from "../../tensor/ops.ts";

/** `[width, heads, width of a head]` -> `[width, hidden]` */
const flat = (weight: Tensor): Tensor => weight.reshape([weight.shape[0] as number, -1]);

/** To the heads: `x [rows, width]` -> `[rows, hidden]`. */
export function toHeads(x: Tensor, weight: Tensor): Tensor {
  return differentiable([x, weight], (save) => {
    save(x, weight);
    return {
      value: matMul(x, flat(weight)),
      gradient: (dy, [x, weight], wants) => [
        wants(0) ? matMul(dy, flat(weight as Tensor), false, true) : undefined,
        wants(1) ? matMul(x as Tensor, dy, true, false).reshape((weight as Tensor).shape) : undefined,
      ],
    };
  });
}

/** From the heads: `x [rows, hidden]` -> `[rows, width]`. */
export function fromHeads(x: Tensor, weight: Tensor): Tensor {
  return differentiable([x, weight], (save) => {
    save(x, weight);
    return {
      value: matMul(x, flat(weight), false, true),
      gradient: (dy, [x, weight], wants) => [
        wants(0) ? matMul(dy, flat(weight as Tensor)) : undefined,
        wants(1) ? matMul(dy, x as Tensor, true, false).reshape((weight as Tensor).shape) : undefined,
      ],
    };
  });
}
