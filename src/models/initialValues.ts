/** Values for parameters that no file gives any, from a seed and the parameter's name alone. */
import { randomNormal } from "../tensor/random.ts";
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
  if (initial === "sinusoids") return sinusoids(size, size / (shape[0] as number));
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

/** In float64, rounded at the end. */
function sinusoids(size: number, width: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => {
    const column = i % width;
    const angle = Math.floor(i / width) / 10_000 ** ((2 * Math.floor(column / 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
