import { test } from "vitest";
import { layerNorm } from "../../src/nn/layerNorm.ts";
import { compare, random, type Tensor } from "./compare.ts";

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
