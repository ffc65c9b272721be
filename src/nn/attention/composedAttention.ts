/** Attention out of TensorFlow's ops: what the native op computes, with padding and all scores in memory. */
import type { Tensor } from "@tensorflow/tfjs-core";
import { scaleRows } from "../rows.ts";
import { placeRows, selectRows } from "../selectRows.ts";
import { attend } from "./attend.ts";
import { type AttentionOptions, factorOf } from "./attentionOptions.ts";
import { contentScores, distanceBias, distanceScores, segmentScores } from "./scores.ts";

/**
 * `softmax(factor * Q K^T + terms) V` per text and head. `key` and `value` are `[tokens, hidden]`, `query` and the result
 * as well, or `[batch, hidden]` where only one token of each text asks: then all rows are computed, and one is taken.
 */
export function composedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { packing, queryRows = "all", terms = {} } = options;
  const { byQuery, byKey, byDistance, otherSegment, segmentBias, segments } = terms;
  const factor = factorOf(options, key.shape[1] as number);
  const rows = packing.rowsOf(queryRows);
  const asked = scaleRows(rows === undefined ? query : placeRows(query, rows, packing.tokens), factor);
  const scores = [
    contentScores(asked, key, options),
    ...(byQuery === undefined ? [] : [distanceScores(asked, byQuery, { ...options, by: "query" })]),
    ...(byKey === undefined ? [] : [distanceScores(scaleRows(key, factor), byKey, { ...options, by: "key" })]),
    ...(byDistance === undefined ? [] : [distanceBias(byDistance, options)]),
    ...(otherSegment === undefined || segmentBias === undefined || segments === undefined
      ? []
      : [segmentScores(asked, otherSegment, segmentBias, segments, options)]),
  ];
  const context = attend(scores, value, options);
  return rows === undefined ? context : selectRows(context, rows);
}
