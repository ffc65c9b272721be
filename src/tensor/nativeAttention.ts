/** The attention op of native/, eager and outside the gradient tape. Texts lie one after the other in `[tokens, hidden]`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { DropoutSite } from "./dropoutMask.ts";
import { gradients, rateOf, seedOf } from "./nativeOps.ts";
import { boolAttribute, floatAttribute, intAttribute, runOp, tf } from "./tensorflow.ts";

/**
 * What scores have besides products of query and key, each absent or there; i is the query's token, j the key's. A table's
 * rows are for the distances i - j from `longest - 1` down to `-longest`, `longest` being the longest text's length.
 */
export interface ScoreTables {
  /** `factor * q_i . t(i - j)`: `[2 * longest, hidden]`. */
  readonly byQuery?: Tensor;
  /** `factor * k_j . t(i - j)`: `[2 * longest, hidden]`, with the rows of the negative distances. */
  readonly byKey?: Tensor;
  /** A number for each distance and head: `[2 * longest, heads]`. */
  readonly byDistance?: Tensor;
  /** `factor * q_i . t` where the segments of i and j differ: `[1, hidden]`. */
  readonly otherSegment?: Tensor;
  /** A number for each head where they differ: `[1, heads]`. Neither is there without the other. */
  readonly segmentBias?: Tensor;
}

export type ScoreTable = keyof ScoreTables;
/** In the order of the op's inputs. */
const order: readonly ScoreTable[] = ["byQuery", "byKey", "byDistance", "otherSegment", "segmentBias"];

export interface NativeAttentionOptions {
  readonly heads: number;
  /** Tokens of each text: int32 `[batch]`. */
  readonly lengths: Tensor;
  /** The segment of each token; undefined without `otherSegment`. */
  readonly segments: Int32Array | undefined;
  /** What products of query and key are multiplied with. */
  readonly factor: number;
  /** A token sees those at most so many places away; undefined = all. */
  readonly window: number | undefined;
  /** Whether queries of one token a text are those of last tokens, not of first ones. */
  readonly last: boolean;
  readonly site: DropoutSite;
}

/** Query `[tokens, hidden]`, or `[batch, hidden]` for one token a text; key and value `[tokens, hidden]`. */
export type QueryKeyValue = readonly [query: Tensor, key: Tensor, value: Tensor];

const nothing = { float32: tf.keep(tf.tensor1d([], "float32")), int32: tf.keep(tf.tensor1d([], "int32")) };

const inputsOf = (parts: QueryKeyValue, tables: ScoreTables, { lengths, segments, site }: NativeAttentionOptions) => [
  ...parts,
  lengths,
  seedOf(site),
  ...order.map((name) => tables[name] ?? nothing.float32),
  segments === undefined ? nothing.int32 : tf.tensor1d(segments, "int32"),
];

const attributesOf = ({ heads, site, factor, window = 2 ** 30, last }: NativeAttentionOptions) => [
  intAttribute("heads", heads),
  rateOf(site),
  floatAttribute("factor", factor),
  intAttribute("window", window),
  boolAttribute("last", last),
];

/** -> the shape of the query */
export const nativeAttention = (parts: QueryKeyValue, tables: ScoreTables, options: NativeAttentionOptions): Tensor =>
  runOp("ThawAttention", inputsOf(parts, tables, options), attributesOf(options), 1)[0] as Tensor;

/** Gradients of query, key and value, which are always computed, and of those tables that `wants` names. */
export function nativeAttentionGradients(
  dy: Tensor,
  parts: QueryKeyValue,
  tables: ScoreTables,
  options: NativeAttentionOptions,
  wants: (table: ScoreTable) => boolean,
): { readonly parts: QueryKeyValue; readonly tables: ScoreTables } {
  const inputs = [...inputsOf(parts, tables, options), dy];
  const wanted = order.map((name) => tables[name] !== undefined && wants(name));
  const isWanted = (output: number) => output < 3 || wanted[output - 3] === true;
  const [query, key, value, ...others] = gradients("ThawAttentionGrad", inputs, attributesOf(options), 8, isWanted);
  const ofTables = order.flatMap((name, i) => (others[i] === undefined ? [] : [[name, others[i]] as const]));
  return { parts: [query, key, value] as [Tensor, Tensor, Tensor], tables: Object.fromEntries(ofTables) };
}
