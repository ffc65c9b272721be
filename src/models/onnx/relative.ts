/** Relative positions in a graph, where the number of tokens is known only when it runs. */
import type { Value } from "./graph.ts";
import type { GraphPass } from "./onnxFamily.ts";

/** int64: `rowOf(d)` for each of the distances, any shape; beyond `farthest`, in both directions, that of `farthest`. */
export function byDistance(
  { graph }: GraphPass,
  distances: Value,
  farthest: number,
  rowOf: (distance: number) => number,
): Value {
  const rows = Array.from({ length: 2 * farthest + 1 }, (_, i) => rowOf(i - farthest));
  const [lowest, highest] = [graph.ints([-farthest], []), graph.ints([farthest], [])];
  const near = graph.op("Clip", [distances, lowest, highest]);
  return graph.op("Gather", [graph.ints(rows), graph.op("Add", [near, highest])]);
}

/**
 * Of scores against a whole table, those of each token's own rows: `scores [batch, heads, tokens, rows]` and
 * `rows [tokens, tokens]`, int64 -> `[batch, heads, tokens, tokens]`, of which `[i, j]` is `scores[i, rows[i, j]]`.
 */
export function pickRows({ graph }: GraphPass, scores: Value, rows: Value): Value {
  const shape = graph.op("Shape", [scores], { end: 2 }); // [batch, heads]
  const own = graph.op("Shape", [rows]);
  const everywhere = graph.op("Expand", [rows, graph.op("Concat", [shape, own], { axis: 0 })]);
  return graph.op("GatherElements", [scores, everywhere], { axis: -1 });
}
