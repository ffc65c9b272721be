/**
 * The interface that every model family is written against, once. A family defines its config keys, its parameters and
 * its computation, separated at every cut where freezing may start; a pass supplies the operations. There are two
 * passes: `tensorPass.ts` computes on tensors, with gradients, and `onnx/graphPass.ts` traces an ONNX graph.
 */
import { ThawError } from "../errors.ts";
import type { QueryRows } from "../nn/packing.ts";
import type { Precision } from "../tensor/precision.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { FamilyKeys } from "./config/keys.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameterSpec.ts";

/** A model family as plain functions. `T` is the type of the pass's values: tensors, or values of an ONNX graph. */
export interface Family {
  /** The `model_type` in config.json, such as `"bert"`. */
  readonly modelType: string;
  /** The family's config keys: their names, defaults and refused values. */
  readonly keys: FamilyKeys;
  /**
   * Prefix of the encoder's parameter names in a classifier's state dict, such as `"bert."`; checkpoints of the bare
   * encoder lack it.
   */
  readonly basePrefix: string;
  /**
   * Whether `pipeline("text-classification")` of `@xenova/transformers` 2.17.2 has a class for the family. Default:
   * true.
   */
  readonly hasXenovaClass?: boolean;
  /**
   * Returns the precisions in which the family's layers can be computed, "float32" among them. Default: "float32" only.
   */
  precisions?(config: HuggingFaceConfig): readonly Precision[];
  /**
   * Returns the longest input in tokens, special tokens included; undefined if positions are unlimited. Default: the
   * number of rows of the position table.
   */
  maxTokens?(config: HuggingFaceConfig): number | undefined;
  /** Tells whether token types change the output; if not, they are ignored. */
  usesTokenTypes(config: HuggingFaceConfig): boolean;
  /**
   * Throws `BAD_BATCH` for a batch that only this family cannot process. Default: every batch of known ids is accepted.
   */
  checkBatch?(batch: PackedBatch, config: HuggingFaceConfig): void;
  /** Lists all parameters from bottom to top, in the order of the state dict. */
  parameters(config: HuggingFaceConfig): ParameterSpec[];
  /** Computes the input hidden states of layer 0: `[tokens, hidden]`. */
  embeddings<T>(pass: Pass<T>): T;
  /**
   * Computes one encoder layer: `[tokens, hidden]` -> `[tokens, hidden]`, or `[batch, hidden]` if `queryRows` is one
   * token per example. It reads only the parameters of its own block and of the block "shared".
   */
  layer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T;
  /**
   * Returns the tokens whose outputs of the topmost layer the head needs; the others are not computed. Default: the
   * first token of each example.
   */
  queryRows?(config: HuggingFaceConfig): QueryRows;
  /**
   * Pools the outputs of the topmost layer into the head's input, `[batch, hidden]`. It may read parameters of the
   * block "shared". Default: no pooling; the query rows are the head's input.
   */
  pool?<T>(pass: Pass<T>, rows: T): T;
  /** Computes the logits `[batch, labels]` from the pooled hidden states `[batch, hidden]`. */
  head<T>(pass: Pass<T>, rows: T): T;
}

/**
 * A forward pass over one batch: the operations that families are composed of. Parameters are referred to by their
 * names in the state dict; a module's name stands for its `.weight` and `.bias`. Batches are packed without padding:
 * hidden states are `[tokens, width]`, one example after the other.
 */
export interface Pass<T> {
  readonly config: HuggingFaceConfig;

  /**
   * Looks up the word embeddings of the batch: `[tokens, width]`. The row `zeroRow`, the padding's, gets no gradient.
   */
  words(table: string, zeroRow?: number): T;
  /**
   * Looks up the position embeddings of the batch: `[tokens, width]`. A token's position is its column, 0, 1, 2, ...
   * With `padding`, a token id, positions count from the row after it, padding tokens use the row `padding`, and that
   * row gets no gradient.
   */
  positions(table: string, padding?: number): T;
  /**
   * Looks up the token type embeddings of the batch: `[tokens, width]`. With a table of one row all tokens have type 0.
   */
  tokenTypes(table: string): T;

  /** Adds two matrices of the same shape: a residual connection. */
  add(a: T, b: T): T;
  /** Multiplies two matrices of the same shape elementwise: a gate. */
  multiply(a: T, b: T): T;
  /** Adds the parameter `bias`, `[width]` or `[heads, headWidth]`, to each row. */
  addBias(x: T, bias: string): T;
  /** Applies the `nn.Linear` called `module`: `[rows, in]` -> `[rows, out]`. Default: with bias. */
  dense(module: string, x: T, options?: ModuleBias): T;
  /** Applies the `nn.Linear` called `module` and then an activation: `[rows, in]` -> `[rows, out]`. */
  denseActivated(module: string, activation: string, x: T): T;
  /** Multiplies by the matrix `parameter`: `[rows, in]` -> `[rows, out]`. Default layout: `"[out, in]"`. */
  project(parameter: string, x: T, layout?: MatrixLayout): T;
  /** Normalises each row with the `nn.LayerNorm` called `module`. Default: with bias. */
  layerNorm(module: string, x: T, options?: ModuleBias): T;
  /** Applies an activation by Hugging Face's name for it. Errors: `BAD_CONFIG`. */
  activate(activation: string, x: T): T;
  /** Applies dropout with probability `rate` in training; the identity in evaluation. */
  dropout(x: T, rate: number): T;
  /**
   * Splits the columns into `count` matrices `[rows, width / count]`. With `groups`, such as one per head, each row
   * holds the `count` parts once per group, one group after the other. Default: 1 group.
   */
  split(x: T, count: number, groups?: number): T[];
  /**
   * Selects the query rows: `[tokens, width]` -> `[tokens, width]`, or `[batch, width]` for one token per example.
   * Default: all tokens.
   */
  selectQueryRows(x: T, queryRows?: QueryRows): T;
  /** Averages over the tokens of each example: `[tokens, width]` -> `[batch, width]`. */
  meanRows(x: T): T;
  /** Applies the `nn.Conv1d` called `module` along the tokens of each example, zero-padded at both ends. */
  tokenConvolution(module: string, x: T): T;

  /** Computes `layerNorm(dropout(dense(x)) + residual)`. */
  denseResidualNorm(modules: DenseResidualNorm, x: T, residual: T, dropoutRate: number): T;
  /** Computes `layerNorm(dropout(x + bias) + residual)`. Default: no bias. */
  residualNorm(parameters: ResidualNorm, x: T, residual: T, dropoutRate: number): T;
  /** Computes `layerNorm(dropout(down(act(up(x)))) + x)` with the config's `hiddenAct`. */
  feedForwardNorm(modules: FeedForwardNorm, x: T, dropoutRate: number): T;

  /**
   * Computes self-attention: query, key and value are dense projections of `x`, `[tokens, hidden]`. Returns one output
   * per query row.
   */
  selfAttention(modules: QueryKeyValue<string>, x: T, options?: AttentionOptions<T>): T;
  /** Computes attention of given `query` (query rows only), `key` and `value` (all tokens), each `[rows, hidden]`. */
  attention(inputs: QueryKeyValue<T>, options?: AttentionOptions<T> & QueryOptions): T;
  /**
   * Selects the rows of a relative position table for the token distances in this batch. `lookUp.rowOf` must not
   * decrease with the distance.
   */
  distanceRows(table: string, lookUp: DistanceLookUp): LookedUpRows<T>;
  /**
   * Makes one row of sinusoids per distance, all sines and then all cosines. Distances are clamped to `clamp`. All
   * layers share one dropout mask.
   */
  distanceSinusoids(options: { readonly clamp: number | undefined; readonly dropoutRate: number }): DistanceRows<T>;
}

export interface ModuleBias {
  readonly bias: boolean;
}

/** Layout of a matrix in the checkpoint: `[out, in]` as in PyTorch's `nn.Linear`, or `[in, out]` as in XLNet. */
export type MatrixLayout = "[out, in]" | "[in, out]";

/** Names of the modules in `denseResidualNorm`. */
export interface DenseResidualNorm {
  readonly dense: string;
  readonly norm: string;
}

/** Names of the bias, a parameter, and of the normalisation, a module, in `residualNorm`. */
export interface ResidualNorm {
  readonly bias?: string;
  readonly norm: string;
}

/** Names of the modules in `feedForwardNorm`. */
export interface FeedForwardNorm {
  readonly up: string;
  readonly down: string;
  readonly norm: string;
}

export interface QueryKeyValue<T> {
  readonly query: T;
  readonly key: T;
  readonly value: T;
}

/**
 * Options of attention. By default a score is `q_i . k_j / sqrt(headWidth)`. A distance is the query's position minus
 * the key's, `i - j`.
 */
export interface AttentionOptions<T> {
  /** The tokens whose outputs are computed. Default: "all". */
  readonly queryRows?: QueryRows | undefined;
  /** Scale of the scores. Default: `1 / sqrt(headWidth)`. */
  readonly factor?: number;
  /** Largest distance at which a token attends to another. Default: no limit. */
  readonly window?: number;
  /** Adds a bias per head and distance to the scores, from a table `[rows, heads]`. */
  readonly distanceBias?: DistanceLookUp & { readonly table: string };
  /** Adds `q_i . t(i - j)` to the scores, where t is the row of the distance. */
  readonly byQuery?: DistanceRows<T>;
  /** Adds `k_j . t(i - j)` to the scores, where t is the row of the distance. */
  readonly byKey?: LookedUpRows<T>;
}

/** Further options of attention with a given query and key. Default: none. */
export interface QueryOptions {
  /**
   * Base of the rotary position embedding (RoPE) of query and key. It cannot be combined with `queryBiases`, `byQuery`
   * or `byKey`. Default: no rotation.
   */
  readonly rotaryTheta?: number;
  /** Biases of the query. They cannot be combined with `byQuery` and `distanceBias` together. Default: none. */
  readonly queryBiases?: QueryBiases;
}

/** Names of the biases, `[heads, headWidth]`, that are added to the query before each kind of product. */
export interface QueryBiases {
  /** The bias before the products with keys. */
  readonly content: string;
  /** The bias before the products with distance rows. */
  readonly distance: string;
  /**
   * Adds `(q_i + b) . t_1` to the scores where the token types of i and j differ, else `(q_i + b) . t_0`: t is the
   * parameter `table`, `[2, heads, headWidth]`, and b the parameter `queryBias`. Default: no such term.
   */
  readonly bySegment?: { readonly table: string; readonly queryBias: string };
}

/** Throws `INTERNAL` for options of attention that the passes do not combine. */
export function checkAttention<T>(options: AttentionOptions<T> & QueryOptions): void {
  const { rotaryTheta, queryBiases, byQuery, byKey, distanceBias } = options;
  const beside = Object.entries({ queryBiases, byQuery, byKey }).find(([, term]) => term !== undefined);
  if (rotaryTheta !== undefined && beside !== undefined) throw cannotCombine(`rotaryTheta and ${beside[0]}`);
  if (queryBiases !== undefined && byQuery !== undefined && distanceBias !== undefined) {
    throw cannotCombine("queryBiases, byQuery and distanceBias");
  }
}

const cannotCombine = (names: string): ThawError =>
  new ThawError(
    "INTERNAL",
    `Attention cannot combine ${names}. A family needs one of them only, or both passes must learn the combination.`,
  );

/** Maps distances to rows of a relative position table. */
export interface DistanceLookUp {
  readonly rowOf: (distance: number) => number;
  /** Distance from which on, in each direction, `rowOf` returns the same row. */
  readonly farthest: number;
}

/** Rows per distance; they may be projected like hidden states. */
export interface DistanceRows<T> {
  /** The rows, `[rows, hidden]`. */
  readonly rows: T;
  /** Maps distances to `rows`. Undefined if there is one row per distance, in the order of the pass. */
  readonly lookUp?: DistanceLookUp;
}

/** Rows of a table that several distances may share. */
export interface LookedUpRows<T> extends DistanceRows<T> {
  readonly lookUp: DistanceLookUp;
}
