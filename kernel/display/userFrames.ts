/** Stacks inside printed values, without the frames of the kernel and of Node below it. */
import { fileURLToPath } from "node:url";

const kernelFolder = fileURLToPath(new URL("../", import.meta.url)).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
/** A frame up to its position: what follows on its line belongs to the printed value. */
const frame = new RegExp(
  `(?:\\n\\s+at new Promise \\(<anonymous>\\))?\\n\\s+at [^\\n]*?(?:node:(?:internal|inspector)\\b|${kernelFolder})[^\\n]*?:\\d+:\\d+\\)?`,
  "g",
);

export function userFrames(text: string): string {
  return text.includes("   at ") ? text.replace(frame, "") : text;
}
