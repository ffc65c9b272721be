/**
 * ModernBERT for sequence classification (Warner et al. 2024, arXiv:2412.13663): pre-norm, rotary positions, layers
 * with global or sliding-window attention, gated feed-forward blocks, hardly any biases. The final layer norm,
 * `final_norm`, is the block "shared". It follows `ModernBertForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/modernbert/modeling_modernbert.py#L558-L635
 */
import { ThawError } from "../errors.ts";
import type { Block } from "../freezing/selection.ts";
import type { QueryRows } from "../nn/packing.ts";
import {
  badConfig,
  type ConfigSource,
  flagField,
  type HuggingFaceConfig,
  integerField,
  type JsonObject,
  positiveField,
  probabilityField,
  textField,
} from "./config/config.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import { denseSpecs, normSpecs, type ParameterSpec, perLayer, tensorSpec } from "./parameterSpec.ts";

export const modernBert: Family = {
  modelType: "modernbert",
  keys: {
    architecture: "ModernBertForSequenceClassification",
    names: {
      hidden_act: "hidden_activation",
      layer_norm_eps: "norm_eps",
      hidden_dropout_prob: "embedding_dropout",
      attention_probs_dropout_prob: "attention_dropout",
    },
    defaults: {
      ...{ vocab_size: 50368, num_hidden_layers: 22, intermediate_size: 1152, max_position_embeddings: 8192 },
      ...{ layer_norm_eps: 1e-5, pad_token_id: 50283 },
      ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 0 },
    },
    fixed: { type_vocab_size: 0 },
    own: [
      ...["layer_types", "global_attn_every_n_layers", "local_attention", "sliding_window", "rope_parameters"],
      ...["rope_scaling", "global_rope_theta", "local_rope_theta", "norm_bias", "attention_bias", "mlp_bias"],
      ...["classifier_bias", "mlp_dropout", "classifier_pooling", "classifier_activation", "head_dim"],
      "initializer_cutoff_factor",
    ],
    harmless: [
      ...["cls_token_id", "decoder_bias", "deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index"],
    ],
  },
  basePrefix: "model.",
  hasXenovaClass: false,
  // rotary positions have no end: this is what it was made for
  maxTokens: ({ maxPositionEmbeddings }) => maxPositionEmbeddings,
  usesTokenTypes: () => false,
  checkBatch,
  parameters,
  embeddings,
  layer,
  queryRows: (config) => (modernBertSettings(config).pooling === "mean" ? "all" : "first"),
  pool,
  head,
};

/**
 * Attention of a layer: `"full_attention"` covers all tokens of the example, `"sliding_attention"` a window around each
 * token.
 */
type LayerType = "full_attention" | "sliding_attention";

interface ModernBertSettings {
  /** Attention type of each layer. */
  readonly layerTypes: readonly LayerType[];
  /** Largest distance in tokens that sliding attention covers. */
  readonly window: number;
  /** Base of the rotary position embedding (RoPE) for each attention type. */
  readonly theta: Readonly<Record<LayerType, number>>;
  /** Whether layer norms have biases; the fields below say the same of the other parts. */
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly classifierBias: boolean;
  readonly mlpDropout: number;
  /** Input of the head: the first token of each example, or the mean over its tokens. */
  readonly pooling: "cls" | "mean";
  readonly classifierActivation: string;
  /** Number of standard deviations at which newly initialised weights are truncated. */
  readonly initializerCutoff: number;
}

/**
 * Reads the keys that ModernBERT alone has. Throws `BAD_CONFIG` for settings that would compute something else than
 * transformers.
 */
export function modernBertSettings(config: HuggingFaceConfig): ModernBertSettings {
  const source: ConfigSource = { json: config.raw, file: "config.json" };
  const width = config.hiddenSize / config.numAttentionHeads;
  if (integerField(source, "head_dim", width) !== width) {
    throw badConfig(
      source.file,
      `"head_dim" is ${source.json.head_dim}; only ${width}, hidden_size / num_attention_heads, can be trained.`,
    );
  }
  const pooling = textField(source, "classifier_pooling", "cls");
  if (pooling !== "cls" && pooling !== "mean") {
    throw badConfig(source.file, `"classifier_pooling" is "${pooling}"; known are "cls" and "mean".`);
  }
  return {
    layerTypes: layerTypesOf(source, config.numHiddenLayers),
    // the class has both keys, and the second one says it in tokens to each side
    window: integerField(source, "sliding_window", Math.floor(integerField(source, "local_attention", 128) / 2), 0),
    theta: {
      full_attention: thetaOf(source, "full_attention", "global_rope_theta", 160_000),
      sliding_attention: thetaOf(source, "sliding_attention", "local_rope_theta", 10_000),
    },
    normBias: flagField(source, "norm_bias", false),
    attentionBias: flagField(source, "attention_bias", false),
    mlpBias: flagField(source, "mlp_bias", false),
    classifierBias: flagField(source, "classifier_bias", false),
    mlpDropout: probabilityField(source, "mlp_dropout", 0),
    pooling,
    classifierActivation: textField(source, "classifier_activation", "gelu"),
    initializerCutoff: positiveField(source, "initializer_cutoff_factor", 2),
  };
}

/**
 * Reads the list `layer_types`, or, in configs before transformers 5, the interval between layers with full attention.
 */
function layerTypesOf(source: ConfigSource, layers: number): LayerType[] {
  const { json, file } = source;
  const list = json.layer_types ?? undefined;
  if (list === undefined) {
    const every = integerField(source, "global_attn_every_n_layers", 3);
    return Array.from({ length: layers }, (_, i) => (i % every === 0 ? "full_attention" : "sliding_attention"));
  }
  const isType = (type: unknown): type is LayerType => type === "full_attention" || type === "sliding_attention";
  if (Array.isArray(list) && list.length === layers && list.every(isType)) return list;
  throw badConfig(
    file,
    `"layer_types" must name "full_attention" or "sliding_attention" for each of the ${layers} layers, found ` +
      `${JSON.stringify(list)}.`,
  );
}

/** Reads `rope_parameters[type].rope_theta`, or, before version 5, a key of its own. */
function thetaOf(source: ConfigSource, type: LayerType, oldKey: string, fallback: number): number {
  const { json, file } = source;
  const scaling = json.rope_scaling ?? undefined;
  const parameters = ((json.rope_parameters ?? {}) as JsonObject)[type] ?? {};
  const { rope_type: kind = "default", rope_theta: theta } = parameters as JsonObject;
  if (scaling !== undefined || kind !== "default") {
    throw badConfig(
      file,
      `Rotary positions of ${type} are scaled (${JSON.stringify(scaling ?? parameters)}); only the "default" type can be ` +
        "trained. Use another checkpoint.",
    );
  }
  return theta === undefined
    ? positiveField(source, oldKey, fallback)
    : positiveField({ json: { rope_theta: theta }, file }, "rope_theta", fallback);
}

/** Refuses padding on the left, because transformers reads the first column even if it is padding. */
function checkBatch({ packing, positions }: PackedBatch, config: HuggingFaceConfig): void {
  const late = modernBertSettings(config).pooling === "cls" ? packing.firstTokens : [];
  for (const [text, first] of late.entries()) {
    if (positions[first] === 0) continue;
    throw new ThawError(
      "BAD_BATCH",
      `Text ${text} of the batch is padded on the left, but this model reads a text's first token: pad on the right, ` +
        'with { paddingSide: "right" }.',
    );
  }
}

/** Specifies the parameters. New values have the standard deviations of `_init_weights`, truncated. */
function parameters(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width, intermediateSize: inner, numHiddenLayers, initializerRange } = config;
  const settings = modernBertSettings(config);
  const normal = (std: number) => ({ std, cutoff: settings.initializerCutoff });
  const [into, out] = [normal(initializerRange), normal(initializerRange / Math.sqrt(2 * numHiddenLayers))];
  const norm = (name: string, block: Block) => normSpecs(name, width, block, { bias: settings.normBias });
  const layers = perLayer(config, (i) => {
    const name = `model.layers.${i}`;
    const [attention, mlp] = [{ bias: settings.attentionBias }, { bias: settings.mlpBias }];
    return [
      ...(i === 0 ? [] : norm(`${name}.attn_norm`, i)), // the embeddings are normalised already
      ...denseSpecs(`${name}.attn.Wqkv`, 3 * width, width, i, { ...attention, initial: into }),
      ...denseSpecs(`${name}.attn.Wo`, width, width, i, { ...attention, initial: out }),
      ...norm(`${name}.mlp_norm`, i),
      ...denseSpecs(`${name}.mlp.Wi`, 2 * inner, width, i, { ...mlp, initial: into }),
      ...denseSpecs(`${name}.mlp.Wo`, width, inner, i, { ...mlp, initial: out }),
    ];
  });
  return [
    tensorSpec("model.embeddings.tok_embeddings.weight", [config.vocabSize, width], "embeddings", into),
    ...norm("model.embeddings.norm", "embeddings"),
    ...norm("model.final_norm", "shared"),
    ...layers,
    ...denseSpecs("head.dense", width, width, "head", { bias: settings.classifierBias, initial: out }),
    ...norm("head.norm", "head"),
    ...denseSpecs("classifier", config.numLabels, width, "head", { initial: normal(width ** -0.5) }),
  ];
}

function embeddings<T>(pass: Pass<T>): T {
  const { hiddenDropoutProb, padTokenId } = pass.config;
  const words = pass.words("model.embeddings.tok_embeddings.weight", padTokenId);
  return pass.dropout(normalize(pass, "model.embeddings.norm", words), hiddenDropoutProb);
}

function layer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T {
  const { attentionProbsDropoutProb, dropoutRates, hiddenAct } = pass.config;
  const { attentionBias, mlpBias, mlpDropout } = modernBertSettings(pass.config);
  const [attention, mlp] = [{ bias: attentionBias }, { bias: mlpBias }];
  const name = `model.layers.${index}`;
  const normal = index === 0 ? hidden : normalize(pass, `${name}.attn_norm`, hidden);
  const all = pass.dense(`${name}.attn.Wqkv`, normal, attention); // [tokens, 3 * hidden]
  const context = pass.dense(`${name}.attn.Wo`, attended(pass, index, all, queryRows), attention);
  const residual = pass.selectQueryRows(hidden, queryRows);
  const middle = pass.add(residual, pass.dropout(context, attentionProbsDropoutProb));
  const wide = pass.dense(`${name}.mlp.Wi`, normalize(pass, `${name}.mlp_norm`, middle), mlp);
  const [input, gate] = pass.split(wide, 2) as [T, T];
  const inner = pass.dropout(pass.multiply(pass.activate(hiddenAct, input), gate), dropoutRates?.hidden ?? mlpDropout);
  return pass.add(middle, pass.dense(`${name}.mlp.Wo`, inner, mlp));
}

/** Computes attention from query, key and value side by side, `[tokens, 3 * hidden]`: one output per query row. */
function attended<T>(pass: Pass<T>, index: number, all: T, queryRows: QueryRows | undefined): T {
  const { layerTypes, theta, window } = modernBertSettings(pass.config);
  const type = layerTypes[index] as LayerType;
  const [query, key, value] = pass.split(all, 3) as [T, T, T];
  return pass.attention(
    { query: pass.selectQueryRows(query, queryRows), key, value },
    { queryRows, rotaryTheta: theta[type], ...(type === "full_attention" ? {} : { window }) },
  );
}

/** Normalises the topmost hidden states of the first tokens, or of all tokens and then averages them. */
function pool<T>(pass: Pass<T>, rows: T): T {
  const normal = normalize(pass, "model.final_norm", rows);
  return modernBertSettings(pass.config).pooling === "mean" ? pass.meanRows(normal) : normal;
}

function head<T>(pass: Pass<T>, rows: T): T {
  const { classifierActivation, classifierBias } = modernBertSettings(pass.config);
  const inner = pass.activate(classifierActivation, pass.dense("head.dense", rows, { bias: classifierBias }));
  const pooled = normalize(pass, "head.norm", inner);
  return pass.dense("classifier", pass.dropout(pooled, pass.config.classifierDropout ?? 0));
}

function normalize<T>(pass: Pass<T>, module: string, x: T): T {
  return pass.layerNorm(module, x, { bias: modernBertSettings(pass.config).normBias });
}
