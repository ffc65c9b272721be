/** What the graphs of both DeBERTas have around and inside their attention: see `src/models/debertaShape.ts`. */

import { logBucket } from "../../nn/attention/scoreTables.ts";
import { debertaSettings, type PositionTerm, type RelativeSettings } from "../config/deberta.ts";
import { activate } from "./activation.ts";
import { isNarrow, tokenTypes } from "./bertShape.ts";
import type { Value } from "./graph.ts";
import type { GraphPass } from "./onnxFamily.ts";
import { attend, dense, distances, layerNorm, scoresOf, splitHeads } from "./parts.ts";
import { byDistance, pickRows } from "./relative.ts";

/** -> `[batch, tokens, hidden]` */
export function embeddings(pass: GraphPass): Value {
  const { config, graph, weights, inputIds, columns } = pass;
  const table = (which: string) => `deberta.embeddings.${which}_embeddings.weight`;
  const sum = [
    weights.words(table("word"), inputIds),
    ...(debertaSettings(config).positionBiasedInput ? [weights.rows(table("position"), columns)] : []),
    ...(config.typeVocabSize > 0 ? [tokenTypes(pass, table("token_type"))] : []),
  ].reduce((a, b) => graph.op("Add", [a, b]));
  const rows = isNarrow(config) ? weights.project(sum, "deberta.embeddings.embed_proj.weight") : sum;
  return layerNorm(pass, "deberta.embeddings.LayerNorm", rows);
}

/** What attention works on; query, key and value are `[batch, tokens, hidden]`. */
export interface DisentangledInputs {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** Projects the table of distances for a term: `[1, rows, hidden]` -> `[1, rows, hidden]`. */
  readonly projectDistances: (term: PositionTerm, rows: Value) => Value;
}

/** `softmax((q_i k_j + q_i K(i - j) + k_j Q(i - j)) / sqrt(width * (1 + terms))) v` -> `[batch, tokens, hidden]` */
export function disentangledAttention(pass: GraphPass, inputs: DisentangledInputs): Value {
  const { config, graph } = pass;
  const { hiddenSize, numAttentionHeads: heads } = config;
  const { terms, relative } = debertaSettings(config);
  const [query, key, value] = [inputs.query, inputs.key, inputs.value].map((x) => splitHeads(pass, x)) as [
    Value,
    Value,
    Value,
  ];
  const ofDistances = [...new Set(relative === undefined ? [] : terms)].map((term) => {
    const own = tableRows(pass, relative as RelativeSettings);
    const rows = splitHeads(pass, inputs.projectDistances(term, distanceTable(pass)));
    if (term === "c2p") return pickRows(pass, scoresOf(pass, query, rows), own);
    const turned = graph.op("Transpose", [own], { perm: [1, 0] }); // by key and query
    const scores = pickRows(pass, scoresOf(pass, key, rows), turned);
    return graph.op("Transpose", [scores], { perm: [0, 1, 3, 2] });
  });
  const factor = 1 / Math.sqrt((hiddenSize / heads) * (1 + terms.length));
  return attend(pass, [scoresOf(pass, query, key), ...ofDistances], value, { factor });
}

/** `[1, rows, hidden]` */
function distanceTable(pass: GraphPass): Value {
  const { graph, weights } = pass;
  const rows = weights.tensor("deberta.encoder.rel_embeddings.weight");
  const table = debertaSettings(pass.config).hasTableNorm ? layerNorm(pass, "deberta.encoder.LayerNorm", rows) : rows;
  return graph.op("Unsqueeze", [table, graph.ints([0])]);
}

/** int64 `[tokens, tokens]`: the row of each distance. From `maxPosition` on all are in the first or last row. */
function tableRows(pass: GraphPass, relative: RelativeSettings): Value {
  const { span, maxPosition } = relative;
  const rowOf = (distance: number) => Math.max(0, Math.min(2 * span - 1, logBucket(distance, relative) + span));
  return byDistance(pass, distances(pass), maxPosition, rowOf);
}

/** `[batch, hidden]` -> logits `[batch, labels]` */
export function head(pass: GraphPass, rows: Value): Value {
  const { poolerActivation } = debertaSettings(pass.config);
  return dense(pass, "classifier", activate(pass.graph, poolerActivation, dense(pass, "pooler.dense", rows)));
}
