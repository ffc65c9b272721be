/** A model's weights as the content of a safetensors file. */
import { createHash } from "../platform/bytes.ts";
import { safetensorsContent } from "../weights/safetensors/write.ts";
import type { SequenceClassifier } from "./sequenceClassifier.ts";

/**
 * Yields the content of `model.safetensors` piece by piece, with one tensor at a time in memory. Errors: `BAD_TENSOR`.
 */
export function weightsContent({ parameters }: SequenceClassifier): Iterable<Uint8Array> {
  return safetensorsContent(
    [...parameters.values()].map((parameter) => ({
      name: parameter.name,
      shape: parameter.shape,
      get data() {
        return parameter.data();
      },
    })),
  );
}

/** Counts the bytes of the weights in float32. */
export function weightsBytes({ parameters }: SequenceClassifier): number {
  return [...parameters.values()].reduce((sum, { size }) => sum + 4 * size, 0);
}

/** Computes the SHA-256 of `model.safetensors` as `saveModel` writes it, in hexadecimal: equal only for equal weights. */
export function weightsHash(model: SequenceClassifier): string {
  const hash = createHash("sha256");
  for (const chunk of weightsContent(model)) hash.update(chunk);
  return hash.digest("hex");
}
