/**
 * The interface that every model family is written against, once. A family says its config keys, its parameters and its
 * mathematics, cut at every place where freezing may cut it; a pass gives it the parts to compute with. There are two
 * passes: `tensorPass.ts` computes on tensors, with gradients, and `onnx/graphPass.ts` traces an ONNX graph.
 */
import type { QueryRows } from "../nn/packing.ts";
import type { Precision } from "../tensor/precision.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import type { FamilyKeys } from "./config/keys.ts";
import type { PackedBatch } from "./packedBatch.ts";
import type { ParameterSpec } from "./parameterSpec.ts";

/** One family, as plain functions. `T` is what the pass computes with: a tensor, or a value of a graph. */
export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** How the family's config.json is read. */
  readonly keys: FamilyKeys;
  /** Prefix of the encoder's names in a classifier's state dict; files of the bare encoder lack it. */
  readonly basePrefix: string;
  /** Whether `pipeline("text-classification")` of `@xenova/transformers` 2.17.2 has a class for it. Default: true. */
  readonly hasXenovaClass?: boolean;
  /** The precisions that its layers can be computed in; "float32" is among them. Default: no other. */
  precisions?(config: HuggingFaceConfig): readonly Precision[];
  /**
   * The longest input that it has positions for, in tokens with special ones; undefined where positions have no end.
   * Default: as many as the table of positions has rows.
   */
  maxTokens?(config: HuggingFaceConfig): number | undefined;
  /** Whether token types make a difference; where not, they are ignored. */
  usesTokenTypes(config: HuggingFaceConfig): boolean;
  /** Throws `BAD_BATCH` for what only this family cannot take. Default: it takes every batch of known ids. */
  checkBatch?(batch: PackedBatch, config: HuggingFaceConfig): void;
  /** All parameters, bottom to top, in the order of the state dict. */
  parameters(config: HuggingFaceConfig): ParameterSpec[];
  /** Computes the hidden states below layer 0: `[tokens, hidden]`. */
  embeddings<T>(pass: Pass<T>): T;
  /**
   * Computes one encoder layer: `[tokens, hidden]` -> the same, or `[batch, hidden]` where only one token of each text is
   * queried. It reads the weights of its own block and "shared" ones, no others.
   */
  layer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T;
  /** The tokens whose rows of the topmost layer are used: the others are not computed. Default: each text's first. */
  queryRows?(config: HuggingFaceConfig): QueryRows;
  /**
   * Turns the topmost rows into those that the head reads, `[batch, hidden]`. May read "shared" weights. Default: they are
   * these.
   */
  pool?<T>(pass: Pass<T>, rows: T): T;
  /** Computes the logits `[batch, labels]` from the rows `[batch, hidden]`. */
  head<T>(pass: Pass<T>, rows: T): T;
}

/**
 * A forward pass over one batch: the parts that families are composed of. Parameters are called by their names in the
 * state dict; a module's name stands for its `.weight` and `.bias`. The shapes are those of a batch without padding,
 * `[tokens, width]`, text after text.
 */
export interface Pass<T> {
  readonly config: HuggingFaceConfig;

  /** Looks the words of the batch up in a table: `[tokens, width]`. The row `zeroRow`, the padding's, gets no gradient. */
  words(table: string, zeroRow?: number): T;
  /**
   * Looks the positions up in a table: `[tokens, width]`. They are the columns of the tokens, 0, 1, 2, ...; with `padding`,
   * a token id, they are counted from the row after it, its own tokens stay at that row, and it gets no gradient.
   */
  positions(table: string, padding?: number): T;
  /** Looks the token types up in a table: `[tokens, width]`. In a table of one row all tokens are of type 0. */
  tokenTypes(table: string): T;

  /** Adds two matrices of the same shape: a residual connection. */
  add(a: T, b: T): T;
  /** Multiplies two matrices of the same shape value by value: a gate. */
  multiply(a: T, b: T): T;
  /** Adds the parameter `bias`, `[width]` or `[heads, width of a head]`, to each row. */
  addBias(x: T, bias: string): T;
  /** Applies the `nn.Linear` called `module`: `[rows, in]` -> `[rows, out]`. Default: it has a bias. */
  dense(module: string, x: T, options?: ModuleBias): T;
  /** Applies the `nn.Linear` called `module` and an activation after it. */
  denseActivated(module: string, activation: string, x: T): T;
  /** Multiplies with the matrix `parameter`: `[rows, in]` -> `[rows, out]`. Default of its layout: `"[out, in]"`. */
  project(parameter: string, x: T, layout?: MatrixLayout): T;
  /** Normalises each row with the `nn.LayerNorm` called `module`. Default: it has a bias. */
  layerNorm(module: string, x: T, options?: ModuleBias): T;
  /** Applies an activation by Hugging Face's name for it. Errors: `BAD_CONFIG`. */
  activate(activation: string, x: T): T;
  /** Drops values with this probability in training, and nothing in evaluation. */
  dropout(x: T, rate: number): T;
  /**
   * Splits each row into `count` matrices `[rows, width / count]`. With `groups`, such as one per head, a row has the parts
   * that many times one after the other. Default: once.
   */
  split(x: T, count: number, groups?: number): T[];
  /** Selects the rows of the tokens that are queried: `[tokens, width]` -> the same, or `[batch, width]`. Default: all. */
  selectQueryRows(x: T, queryRows?: QueryRows): T;
  /** Averages over the tokens of each text: `[tokens, width]` -> `[batch, width]`. */
  meanRows(x: T): T;
  /** Applies the `nn.Conv1d` called `module` along the tokens of each text, with zeros beyond its ends. */
  tokenConvolution(module: string, x: T): T;

  /** Computes `layerNorm(dropout(dense(x)) + residual)`. */
  denseResidualNorm(modules: DenseResidualNorm, x: T, residual: T, dropoutRate: number): T;
  /** Computes `layerNorm(dropout(x + bias) + residual)`. Default: no bias. */
  residualNorm(parameters: ResidualNorm, x: T, residual: T, dropoutRate: number): T;
  /** Computes `layerNorm(dropout(down(act(up(x)))) + x)` with the config's `hiddenAct`. */
  feedForwardNorm(modules: FeedForwardNorm, x: T, dropoutRate: number): T;

  /** Computes attention whose query, key and value are projections of the same rows, and gives those that are queried. */
  selfAttention(modules: QueryKeyValue<string>, x: T, options?: AttentionOptions<T>): T;
  /** Computes attention: `query` has the rows that are queried, `key` and `value` have all. */
  attention(inputs: QueryKeyValue<T>, options?: AttentionOptions<T> & QueryOptions): T;
  /** Gives the rows of a table that the distances between the tokens of this batch need. */
  distanceRows(table: string, lookUp: DistanceLookUp): DistanceRows<T>;
  /**
   * Gives a row of sinusoids for each distance, all the sines and then all the cosines. Distances beyond `clamp` are taken
   * for it. The dropout mask is the same in all layers.
   */
  distanceSinusoids(options: { readonly clamp: number | undefined; readonly dropoutRate: number }): DistanceRows<T>;
}

export interface ModuleBias {
  readonly bias: boolean;
}

/** How a checkpoint keeps a matrix: as PyTorch's `nn.Linear` does, or the other way round, as XLNet. */
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
 * What attention is told beside query, key and value. Without any of it a score is `q_i . k_j / sqrt(width of a head)`.
 * A distance is the query's position minus the key's, `i - j`.
 */
export interface AttentionOptions<T> {
  /** The tokens whose rows are computed. Default: "all". */
  readonly queryRows?: QueryRows | undefined;
  /** The factor of all products. Default: `1 / sqrt(width of a head)`. */
  readonly factor?: number;
  /** A token sees those at most so many places away. Default: all. */
  readonly window?: number;
  /** Adds a number for each head and distance, from a table `[rows, heads]`. */
  readonly distanceBias?: DistanceLookUp & { readonly table: string };
  /** Adds `q_i . t(i - j)` for the row t of a distance. */
  readonly byQuery?: DistanceRows<T>;
  /** Adds `k_j . t(i - j)` for the row t of a distance. */
  readonly byKey?: DistanceRows<T>;
}

/** What attention may do with query and key that are given to it. Default: nothing. */
export interface QueryOptions {
  /** Base of the rotary positions by which query and key are turned. */
  readonly rotaryTheta?: number;
  /** Parameters `[heads, width of a head]` that are added to the query before its products with keys and with distances. */
  readonly queryBiases?: { readonly content: string; readonly distance: string };
  /**
   * Adds `q_i . t_1` where the token types of i and j differ, else `q_i . t_0`, from a parameter `[2, heads, width of a
   * head]`, where the query has a bias of its own.
   */
  readonly bySegment?: { readonly table: string; readonly queryBias: string };
}

/** Which row of a table belongs to a distance. */
export interface DistanceLookUp {
  readonly rowOf: (distance: number) => number;
  /** From this distance on, in both directions, `rowOf` gives the same row. */
  readonly farthest: number;
}

/** Rows by distance, which may be projected like other rows. */
export interface DistanceRows<T> {
  /** `[rows, hidden]` */
  readonly rows: T;
  /** Undefined where there is one row for each distance, in the order of the pass. */
  readonly lookUp?: DistanceLookUp;
}
