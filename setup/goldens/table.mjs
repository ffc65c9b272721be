/** What came out of every program, as text. */
import { duration } from "../progress.mjs";

const heads = ["program", "files", "different", "time", "largest difference within what is allowed"];

/**
 * @param {readonly { name: string, files: readonly string[], different: readonly object[], ms: number,
 *   largest?: import("./compare.mjs").Gap }[]} rows
 */
export function tableOf(rows) {
  const cells = rows.map(({ name, files, different, ms, largest }) => [
    name,
    String(files.length),
    String(different.length),
    duration(ms),
    largest === undefined
      ? "none"
      : `${largest.difference.toExponential(1)} of ${largest.allowed.toExponential(1)}, ${largest.place}`,
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i].length)));
  const line = (row) =>
    row.map((cell, i) => (i > 0 && i < 4 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ");
  return [line(heads), ...cells.map(line)].map((text) => text.trimEnd()).join("\n");
}
