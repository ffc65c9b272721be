/** How long the two parts of an input may be: Hugging Face's `longest_first`. */

/**
 * Lengths in tokens that the first and second text are cut to, from the end, so that both fit into `room`.
 * Ported from tokenizers 0.23, `utils/truncation.rs`, `truncate_encodings`: the longer text gives way first, then both
 * get half, the longer one the odd token.
 */
export function longestFirst(first: number, second: number, room: number): [first: number, second: number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
  const [short, long] = shorter + longer > room ? [room >> 1, (room >> 1) + (room % 2)] : [shorter, longer];
  return first > second ? [long, short] : [short, long];
}
