/** The attention op of native/, eager and outside the gradient tape. Examples lie one after the other in `[tokens, hidden]`. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Gradients, Wanted } from "./differentiable.ts";
import type { DropoutSite } from "./dropoutMask.ts";
import { nativeGradients, rateOf, seedOf } from "./nativeOps.ts";
import { boolAttribute, floatAttribute, intAttribute, runOp, tf } from "./tensorflow.ts";

/**
 * The terms of attention scores besides the products of query and key, each absent or there; i is the query's token, j the
 * key's. A table's rows are for the distances i - j from `longest - 1` down to `-longest`, `longest` being the length of
 * the batch's longest example.
 */
export interface ScoreTables {
  /** Adds `factor * q_i . t(i - j)`: `[2 * longest, hidden]`. */
  readonly byQuery?: Tensor | undefined;
  /** Adds `factor * k_j . t(i - j)`: `[2 * longest, hidden]`, with the rows of the negative distances. */
  readonly byKey?: Tensor | undefined;
  /** Adds a number for each distance and head: `[2 * longest, heads]`. */
  readonly byDistance?: Tensor | undefined;
  /** Adds `factor * q_i . t` where the segments of i and j differ: `[1, hidden]`. Comes with `segmentBias` and `segments`. */
  readonly otherSegment?: Tensor | undefined;
  /** Adds a number for each head where the segments differ: `[1, heads]`. */
  readonly segmentBias?: Tensor | undefined;
}

/** Query `[tokens, hidden]`, or `[batch, hidden]` for one token per example; key and value `[tokens, hidden]`; tables. */
export interface AttentionInputs extends ScoreTables {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
}

interface NativeAttentionOptions {
  /** Number of heads; hidden is a multiple of it. */
  readonly heads: number;
  /** Tokens of each example: int32 `[batch]`. */
  readonly lengths: Tensor;
  /** The segment of each token, `[tokens]`; undefined without `otherSegment`. */
  readonly segments: Int32Array | undefined;
  /** Products of query and key are multiplied with this. */
  readonly factor: number;
  /** Largest distance at which a token attends to another; undefined = no limit. */
  readonly window: number | undefined;
  /** Whether a query with one row per example holds the last tokens rather than the first ones. */
  readonly last: boolean;
  /** The dropout of the attention probabilities. */
  readonly site: DropoutSite;
}

const nothing = { float32: tf.keep(tf.tensor1d([], "float32")), int32: tf.keep(tf.tensor1d([], "int32")) };

/** The tables in the order of the op's inputs and of its gradients. */
const tableNames = ["byQuery", "byKey", "byDistance", "otherSegment", "segmentBias"] as const;

const inputsOf = (inputs: AttentionInputs, { lengths, segments, site }: NativeAttentionOptions): Tensor[] => [
  inputs.query,
  inputs.key,
  inputs.value,
  lengths,
  seedOf(site),
  ...tableNames.map((name) => inputs[name] ?? nothing.float32),
  segments === undefined ? nothing.int32 : tf.tensor1d(segments, "int32"),
];

const attributesOf = ({ heads, site, factor, window = 2 ** 30, last }: NativeAttentionOptions) => [
  intAttribute("heads", heads),
  rateOf(site),
  floatAttribute("factor", factor),
  intAttribute("window", window),
  boolAttribute("last", last),
];

/** The context rows, in the shape of the query. */
export const nativeAttention = (inputs: AttentionInputs, options: NativeAttentionOptions): Tensor =>
  runOp("ThawAttention", inputsOf(inputs, options), attributesOf(options));

/** The gradients of query, key and value, which are always computed, and of the tables that are `wanted`. */
export const nativeAttentionGradients = (
  dy: Tensor,
  inputs: AttentionInputs,
  options: NativeAttentionOptions,
  wanted: Wanted<ScoreTables>,
): Gradients<Required<AttentionInputs>> =>
  nativeGradients(
    "ThawAttentionGrad",
    [...inputsOf(inputs, options), dy],
    attributesOf(options),
    ["query", "key", "value", ...tableNames],
    { ...wanted, query: true, key: true, value: true },
  );
