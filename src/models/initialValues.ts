/** Values for parameters that no file gives any, from a seed and the parameter's name alone. */
import { randomNormal } from "../rng/normal.ts";
import type { ParameterSpec } from "./parameter.ts";

/** All values of a parameter, row after row. */
export function initialValues(
  { name, shape, initial }: ParameterSpec,
  { initializerRange }: { readonly initializerRange: number },
  seed: number,
): Float32Array {
  const size = shape.reduce((product, n) => product * n, 1);
  if (initial === "zeros") return new Float32Array(size);
  if (initial === "ones") return new Float32Array(size).fill(1);
  const { std = initializerRange, cutoff = Number.POSITIVE_INFINITY, zeroRow } = initial === "normal" ? {} : initial;
  const values = randomNormal(seed, name, size, { std });
  for (let round = 1; values.some((value) => Math.abs(value) > cutoff * std); round++) {
    const fresh = randomNormal(seed, `${name} ${round}`, size, { std }); // each round a stream of its own
    values.forEach((value, i) => {
      if (Math.abs(value) > cutoff * std) values[i] = fresh[i] as number;
    });
  }
  const width = size / (shape[0] as number);
  if (zeroRow !== undefined) values.fill(0, zeroRow * width, (zeroRow + 1) * width);
  return values;
}
