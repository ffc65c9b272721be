/** Positions as RoBERTa and MPNet count them. */
import type { PackedBatch } from "./packedBatch.ts";

/**
 * `padding + 1` for the first token of a text and on from there, over tokens that are not the padding's id; those are all
 * at `padding` (`create_position_ids_from_input_ids` of transformers). -> `[tokens]`
 */
export function positionsAfterPadding({ inputIds, packing }: PackedBatch, padding: number): Int32Array {
  const positions = new Int32Array(inputIds.length);
  packing.lengths.forEach((length, text) => {
    const first = packing.firstTokens[text] as number;
    let position = padding;
    for (let i = first; i < first + length; i++) {
      const isPadding = inputIds[i] === padding;
      if (!isPadding) position += 1;
      positions[i] = isPadding ? padding : position;
    }
  });
  return positions;
}
