/**
 * Traces a family's forward pass into ONNX operators over a padded batch, `[batch, tokens, width]`, where `batch` and
 * `tokens` are known only when the graph runs. Dropout is omitted. Layers compute all rows; the head's rows are
 * selected after the topmost layer. Operators are in the order in which runtimes recognise and fuse them (GELU, layer
 * norm, attention).
 */
import { ThawError } from "../../errors.ts";
import { rotaryFrequencies } from "../../nn/attention/rotary.ts";
import { sinusoidFrequencies } from "../../nn/attention/scoreTables.ts";
import type { QueryRows } from "../../nn/packing.ts";
import type { HuggingFaceConfig } from "../config/config.ts";
import {
  type AttentionOptions,
  checkAttention,
  type DenseResidualNorm,
  type DistanceLookUp,
  type DistanceRows,
  type FeedForwardNorm,
  type LookedUpRows,
  type MatrixLayout,
  type ModuleBias,
  type Pass,
  type QueryBiases,
  type QueryKeyValue,
  type QueryOptions,
  type ResidualNorm,
} from "../family.ts";
import type { GraphBuilder, Value } from "./graph.ts";
import type { GraphWeights } from "./graphWeights.ts";

/** The inputs of the graph, each int64 `[batch, tokens]` with dynamic sizes. */
export interface TextInputs {
  readonly inputIds: Value;
  /** Attention mask: 1 for a token, 0 for padding. */
  readonly attentionMask: Value;
  /** Token types; undefined if the family does not use them. */
  readonly tokenTypeIds: Value | undefined;
}

/** The inputs of a traced pass. */
interface GraphPassInputs extends TextInputs {
  readonly config: HuggingFaceConfig;
  readonly graph: GraphBuilder;
  readonly weights: GraphWeights;
}

export class GraphPass implements Pass<Value> {
  readonly config: HuggingFaceConfig;
  readonly #graph: GraphBuilder;
  readonly #weights: GraphWeights;
  readonly #inputs: TextInputs;
  /** Column indices of the batch, int64 `[tokens]`: 0, 1, 2, ... */
  readonly #columns: Value;
  /** Additive mask for the attention scores, float32 `[batch, 1, 1, tokens]`: 0 for a token, -1e30 for padding. */
  readonly #paddingMask: Value;

  constructor({ config, graph, weights, ...inputs }: GraphPassInputs) {
    this.config = config;
    this.#graph = graph;
    this.#weights = weights;
    this.#inputs = inputs;
    const tokens = this.#op("Squeeze", [this.#op("Shape", [inputs.inputIds], { start: 1 }), graph.ints([0])]);
    const isPadding = this.#op("Equal", [inputs.attentionMask, graph.ints([0], [])]);
    const added = this.#op("Where", [isPadding, graph.floats(-1e30), graph.floats(0)]);
    this.#columns = this.#op("Range", [graph.ints([0], []), tokens, graph.ints([1], [])]);
    this.#paddingMask = this.#op("Unsqueeze", [added, graph.ints([1, 2])]);
  }

  words(table: string): Value {
    return this.#weights.words(table, this.#inputs.inputIds);
  }

  positions(table: string, padding?: number): Value {
    return this.#weights.rows(table, padding === undefined ? this.#columns : this.#positionsAfter(padding));
  }

  /**
   * Computes positions that count from the row after the padding's, as `create_position_ids_from_input_ids` of
   * transformers: int64 `[batch, tokens]`.
   */
  #positionsAfter(padding: number): Value {
    const { inputIds } = this.#inputs;
    const id = this.#graph.ints([padding], []);
    const isToken = this.#op("Cast", [this.#op("Not", [this.#op("Equal", [inputIds, id])])], { to: 7 });
    const counted = this.#op("CumSum", [isToken, this.#graph.ints([1], [])]);
    return this.#op("Add", [this.#op("Mul", [counted, isToken]), id]);
  }

  /** Looks up the token type embeddings. With a table of one row the graph has no input for token types. */
  tokenTypes(table: string): Value {
    return this.#weights.rows(table, this.#inputs.tokenTypeIds ?? this.#graph.ints([0]));
  }

  add(a: Value, b: Value): Value {
    return this.#op("Add", [a, b]);
  }

  multiply(a: Value, b: Value): Value {
    return this.#op("Mul", [a, b]);
  }

  addBias(x: Value, bias: string): Value {
    return this.add(x, this.#weights.tensor(bias));
  }

  dense(module: string, x: Value, { bias }: ModuleBias = { bias: true }): Value {
    const product = this.#weights.project(x, `${module}.weight`);
    return bias ? this.addBias(product, `${module}.bias`) : product;
  }

  denseActivated(module: string, activation: string, x: Value): Value {
    return this.activate(activation, this.dense(module, x));
  }

  project(parameter: string, x: Value, layout?: MatrixLayout): Value {
    return this.#weights.project(x, parameter, layout);
  }

  layerNorm(module: string, x: Value, { bias }: ModuleBias = { bias: true }): Value {
    const { hiddenSize, layerNormEps } = this.config;
    // onnxruntime 1.14 ends the process on one without a bias
    const shift = bias
      ? this.#weights.tensor(`${module}.bias`)
      : this.#graph.floats(new Float32Array(hiddenSize), [hiddenSize]);
    return this.#op("LayerNormalization", [x, this.#weights.tensor(`${module}.weight`), shift], {
      axis: -1,
      epsilon: { float: layerNormEps },
    });
  }

  activate(activation: string, x: Value): Value {
    const apply = Object.hasOwn(activations, activation) ? activations[activation] : undefined;
    if (apply !== undefined) return apply(this.#graph, x);
    const known = Object.keys(activations).join(", ");
    throw new ThawError("BAD_CONFIG", `There is no activation "${activation}" here. Known: ${known}.`);
  }

  dropout(x: Value): Value {
    return x;
  }

  split(x: Value, count: number, groups = 1): Value[] {
    if (groups === 1) return this.#graph.ops("Split", [x], count, { axis: -1 });
    const grouped = this.#op("Reshape", [x, this.#graph.ints([0, 0, groups, -1])]);
    return this.#graph
      .ops("Split", [grouped], count, { axis: -1 })
      .map((part) => this.#op("Reshape", [part, this.#graph.ints([0, 0, this.config.hiddenSize])]));
  }

  /** Selects the query rows. The first token is the first that is not padding, whichever side the padding is on. */
  selectQueryRows(x: Value, queryRows: QueryRows = "all"): Value {
    if (queryRows === "all") return x;
    const { attentionMask } = this.#inputs;
    const values = queryRows === "first" ? attentionMask : this.#op("Mul", [attentionMask, this.#columns]);
    // the first column where they are largest; runtimes have no ArgMax of int64
    const column = this.#op("ArgMax", [this.#op("Cast", [values], { to: 1 })], { axis: 1, keepdims: 1 });
    return this.#op("GatherND", [x, column], { batch_dims: 1 });
  }

  meanRows(x: Value): Value {
    const sum = (rows: Value) => this.#op("ReduceSum", [rows, this.#graph.ints([1])], { keepdims: 0 });
    const isToken = this.#isToken();
    return this.#op("Div", [sum(this.multiply(x, isToken)), sum(isToken)]);
  }

  tokenConvolution(module: string, x: Value): Value {
    const turned = (rows: Value) => this.#op("Transpose", [rows], { perm: [0, 2, 1] });
    const [weight, bias] = [`${module}.weight`, `${module}.bias`];
    const reach = ((this.#weights.shape(weight)[2] as number) - 1) / 2;
    const rows = turned(this.multiply(x, this.#isToken()));
    const parameters = [weight, bias].map((name) => this.#weights.tensor(name));
    return turned(this.#op("Conv", [rows, ...parameters], { pads: [reach, reach] }));
  }

  /** Computes the mask of tokens, float32 `[batch, tokens, 1]`: 1 for a token, 0 for padding. */
  #isToken(): Value {
    return this.#op("Unsqueeze", [this.#op("Cast", [this.#inputs.attentionMask], { to: 1 }), this.#graph.ints([2])]);
  }

  denseResidualNorm({ dense, norm }: DenseResidualNorm, x: Value, residual: Value): Value {
    return this.layerNorm(norm, this.add(this.dense(dense, x), residual));
  }

  residualNorm({ bias, norm }: ResidualNorm, x: Value, residual: Value): Value {
    return this.layerNorm(norm, this.add(bias === undefined ? x : this.addBias(x, bias), residual));
  }

  feedForwardNorm({ up, down, norm }: FeedForwardNorm, x: Value): Value {
    const inner = this.denseActivated(up, this.config.hiddenAct, x);
    return this.denseResidualNorm({ dense: down, norm }, inner, x);
  }

  selfAttention({ query, key, value }: QueryKeyValue<string>, x: Value, options?: AttentionOptions<Value>): Value {
    return this.attention(
      { query: this.dense(query, x), key: this.dense(key, x), value: this.dense(value, x) },
      options,
    );
  }

  /** Computes `softmax(factor * (s_1 + s_2 + ...) + bias + window) v`; padding gets probability 0. */
  attention(inputs: QueryKeyValue<Value>, options: AttentionOptions<Value> & QueryOptions = {}): Value {
    checkAttention(options);
    const { hiddenSize, numAttentionHeads } = this.config;
    const { factor = 1 / Math.sqrt(hiddenSize / numAttentionHeads), distanceBias, window } = options;
    const [query, key, value] = [inputs.query, inputs.key, inputs.value].map((x) => this.#splitHeads(x)) as [
      Value,
      Value,
      Value,
    ];
    const scores = this.#scores(query, key, options).reduce((a, b) => this.add(a, b));
    const added = [
      ...(distanceBias === undefined ? [] : [this.#distanceBias(distanceBias.table, distanceBias)]),
      ...(window === undefined ? [] : [this.#window(window)]),
      this.#paddingMask,
    ];
    const scaled = this.multiply(scores, this.#graph.floats(factor));
    const probabilities = this.#op("Softmax", [added.reduce((a, b) => this.add(a, b), scaled)], { axis: -1 });
    return this.#mergeHeads(this.#op("MatMul", [probabilities, value]));
  }

  /** Computes the summands of the attention scores, each `[batch, heads, tokens, tokens]`. */
  #scores(query: Value, key: Value, options: AttentionOptions<Value> & QueryOptions): Value[] {
    const { byQuery, byKey, queryBiases, rotaryTheta } = options;
    const withBias = (bias: string | undefined) => (bias === undefined ? query : this.#addHeadBias(query, bias));
    const turned = (x: Value) => (rotaryTheta === undefined ? x : this.#rotated(x, rotaryTheta));
    return [
      this.#products(turned(withBias(queryBiases?.content)), turned(key)),
      ...(byQuery === undefined ? [] : [this.#distanceScores(withBias(queryBiases?.distance), byQuery)]),
      ...(byKey === undefined ? [] : [this.#keyDistanceScores(key, byKey)]),
      ...this.#segmentScores(query, queryBiases?.bySegment),
    ];
  }

  /** Computes `x y^T` over the last two axes. */
  #products(x: Value, y: Value): Value {
    return this.#op("MatMul", [x, this.#op("Transpose", [y], { perm: [0, 1, 3, 2] })]);
  }

  /** Splits rows into heads: `[batch, tokens, hidden]` -> `[batch, heads, tokens, width]`. */
  #splitHeads(x: Value): Value {
    const parts = this.#op("Reshape", [x, this.#graph.ints([0, 0, this.config.numAttentionHeads, -1])]);
    return this.#op("Transpose", [parts], { perm: [0, 2, 1, 3] });
  }

  /** Joins the heads: `[batch, heads, tokens, width]` -> `[batch, tokens, hidden]`. */
  #mergeHeads(x: Value): Value {
    const rows = this.#op("Transpose", [x], { perm: [0, 2, 1, 3] });
    return this.#op("Reshape", [rows, this.#graph.ints([0, 0, this.config.hiddenSize])]);
  }

  #addHeadBias(x: Value, bias: string): Value {
    const { hiddenSize, numAttentionHeads: heads } = this.config;
    return this.add(x, this.#weights.tensor(bias, [heads, 1, hiddenSize / heads]));
  }

  /**
   * Applies the rotary position embedding (RoPE): `(a, b)` of `x [batch, heads, tokens, width]` becomes `(a cos - b
   * sin, b cos + a sin)`.
   */
  #rotated(x: Value, theta: number): Value {
    const frequencies = rotaryFrequencies(theta, this.config.hiddenSize / this.config.numAttentionHeads);
    const angles = this.#angles(this.#columns, frequencies); // [tokens, width / 2]
    const [cos, sin] = [this.#op("Cos", [angles]), this.#op("Sin", [angles])];
    const [a, b] = this.split(x, 2) as [Value, Value];
    const first = this.#op("Sub", [this.multiply(a, cos), this.multiply(b, sin)]);
    const second = this.add(this.multiply(b, cos), this.multiply(a, sin));
    return this.#op("Concat", [first, second], { axis: -1 });
  }

  /** Multiplies positions or distances, int64 `[n]`, by each frequency: float32 `[n, frequencies]`. */
  #angles(places: Value, frequencies: readonly number[]): Value {
    const column = this.#op("Unsqueeze", [this.#op("Cast", [places], { to: 1 }), this.#graph.ints([1])]);
    return this.multiply(column, this.#graph.floats(frequencies, [1, frequencies.length]));
  }

  /** Computes the query's column minus the key's: int64 `[tokens, tokens]`, by query and key. */
  #distances(): Value {
    const [ofQuery, ofKey] = [1, 0].map((axis) => this.#op("Unsqueeze", [this.#columns, this.#graph.ints([axis])]));
    return this.#op("Sub", [ofQuery as Value, ofKey as Value]);
  }

  /**
   * Computes the additive mask of the attention window, float32 `[tokens, tokens]`: -1e30 for tokens outside the
   * window.
   */
  #window(window: number): Value {
    const far = this.#op("Greater", [this.#op("Abs", [this.#distances()]), this.#graph.ints([window], [])]);
    return this.#op("Where", [this.#op("Not", [far]), this.#graph.floats(0), this.#graph.floats(-1e30)]);
  }

  /** Looks up the table row of each distance in a constant: int64 `[tokens, tokens]`. */
  #rowOfEach({ rowOf, farthest }: DistanceLookUp): Value {
    const rows = Array.from({ length: 2 * farthest + 1 }, (_, i) => rowOf(i - farthest));
    const [lowest, highest] = [this.#graph.ints([-farthest], []), this.#graph.ints([farthest], [])];
    const near = this.#op("Clip", [this.#distances(), lowest, highest]);
    return this.#op("Gather", [this.#graph.ints(rows), this.add(near, highest)]);
  }

  /** Looks up the bias of each head and distance: `[heads, tokens, tokens]`. */
  #distanceBias(table: string, lookUp: DistanceLookUp): Value {
    const rows = this.#weights.rows(table, this.#rowOfEach(lookUp)); // [tokens, tokens, heads]
    return this.#op("Transpose", [rows], { perm: [2, 0, 1] });
  }

  /** Returns the whole table as a batch of one: `[1, rows, hidden]`. */
  distanceRows(table: string, lookUp: DistanceLookUp): LookedUpRows<Value> {
    return { rows: this.#op("Unsqueeze", [this.#weights.tensor(table), this.#graph.ints([0])]), lookUp };
  }

  /**
   * Returns one row of sinusoids per distance, from `-tokens + 1` up, as a batch of one: `[1, 2 * tokens - 1, hidden]`.
   */
  distanceSinusoids({ clamp }: { readonly clamp: number | undefined }): DistanceRows<Value> {
    const graph = this.#graph;
    const one = graph.ints([1], []);
    const tokens = this.add(this.#lastColumn(), one);
    const all = this.#op("Range", [this.#op("Sub", [one, tokens]), tokens, one]);
    const limits = clamp === undefined ? [] : [-clamp, clamp].map((limit) => graph.ints([limit], []));
    const clamped = limits.length === 0 ? all : this.#op("Clip", [all, ...limits]);
    const angles = this.#angles(clamped, sinusoidFrequencies(this.config.hiddenSize));
    const rows = this.#op("Concat", [this.#op("Sin", [angles]), this.#op("Cos", [angles])], { axis: 1 });
    return { rows: this.#op("Unsqueeze", [rows, graph.ints([0])]) };
  }

  /** Computes the index of the last column, `tokens - 1`: an int64 scalar. */
  #lastColumn(): Value {
    return this.#op("ReduceMax", [this.#columns], { keepdims: 0 });
  }

  /** Computes the scores `q_i . t(i - j)`, where t is the row of the distance. */
  #distanceScores(query: Value, { rows, lookUp }: DistanceRows<Value>): Value {
    const own = lookUp === undefined ? this.add(this.#distances(), this.#lastColumn()) : this.#rowOfEach(lookUp);
    return this.#pickRows(this.#products(query, this.#splitHeads(rows)), own);
  }

  /** Computes the scores `k_j . t(i - j)`, where t is the row of the distance. */
  #keyDistanceScores(key: Value, { rows, lookUp }: LookedUpRows<Value>): Value {
    const byKey = this.#op("Transpose", [this.#rowOfEach(lookUp)], { perm: [1, 0] });
    const scores = this.#pickRows(this.#products(key, this.#splitHeads(rows)), byKey);
    return this.#op("Transpose", [scores], { perm: [0, 1, 3, 2] });
  }

  /**
   * Selects the scores of each pair of tokens from the scores against a whole table: `scores [batch, heads, tokens,
   * rows]` and `rows [tokens, tokens]`, int64 -> `[batch, heads, tokens, tokens]`, of which `[i, j]` is `scores[i,
   * rows[i, j]]`.
   */
  #pickRows(scores: Value, rows: Value): Value {
    const shape = this.#op("Shape", [scores], { end: 2 }); // [batch, heads]
    const own = this.#op("Shape", [rows]);
    const everywhere = this.#op("Expand", [rows, this.#op("Concat", [shape, own], { axis: 0 })]);
    return this.#op("GatherElements", [scores, everywhere], { axis: -1 });
  }

  /**
   * Computes `q_i . (t_1 - t_0)` where the types of i and j differ, else 0. The remaining term, `q_i . t_0`, does not
   * change a softmax over j.
   */
  #segmentScores(query: Value, bySegment: QueryBiases["bySegment"]): Value[] {
    const { tokenTypeIds: types } = this.#inputs;
    if (bySegment === undefined || types === undefined) return [];
    const { hiddenSize: width, numAttentionHeads: heads } = this.config;
    const withBias = this.#addHeadBias(query, bySegment.queryBias);
    const rows = this.#weights.tensor(bySegment.table, [2, heads, width / heads, 1]);
    const [same, other] = this.#graph.ops("Split", [rows], 2, { axis: 0 }) as [Value, Value]; // [1, heads, width, 1]
    const factors = this.#op("MatMul", [withBias, this.#op("Sub", [other, same])]); // [batch, heads, tokens, 1]
    const [column, row] = [
      [1, 3],
      [1, 2],
    ].map((axes) => this.#op("Unsqueeze", [types, this.#graph.ints(axes)]));
    const differ = this.#op("Not", [this.#op("Equal", [column as Value, row as Value])]); // [batch, 1, tokens, tokens]
    return [this.multiply(factors, this.#op("Cast", [differ], { to: 1 }))];
  }

  #op(...call: Parameters<GraphBuilder["op"]>): Value {
    return this.#graph.op(...call);
  }
}

type Activation = (graph: GraphBuilder, x: Value) => Value;

/** Computes `x / 2 (1 + erf(x / sqrt(2)))`, in the order of operators that runtimes recognise and fuse. */
const gelu: Activation = (graph, x) => {
  const erf = graph.op("Erf", [graph.op("Div", [x, graph.floats(Math.SQRT2)])]);
  const product = graph.op("Mul", [x, graph.op("Add", [erf, graph.floats(1)])]);
  return graph.op("Mul", [product, graph.floats(0.5)]);
};

/** Computes `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`. */
const tanhGelu: Activation = (graph, x) => {
  const cube = graph.op("Mul", [graph.op("Mul", [x, x]), x]);
  const sum = graph.op("Add", [x, graph.op("Mul", [cube, graph.floats(0.044715)])]);
  const inner = graph.op("Tanh", [graph.op("Mul", [sum, graph.floats(Math.sqrt(2 / Math.PI))])]);
  const product = graph.op("Mul", [x, graph.op("Add", [inner, graph.floats(1)])]);
  return graph.op("Mul", [product, graph.floats(0.5)]);
};

const silu: Activation = (graph, x) => graph.op("Mul", [x, graph.op("Sigmoid", [x])]);
const operator =
  (name: string): Activation =>
  (graph, x) =>
    graph.op(name, [x]);

/** The activations of `src/nn/activation.ts` as ONNX operators, by the same names. */
const activations: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  linear: (_, x) => x,
  relu: operator("Relu"),
  sigmoid: operator("Sigmoid"),
  silu,
  swish: silu,
  tanh: operator("Tanh"),
};
