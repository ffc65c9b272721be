/**
 * XLNet for sequence classification (Yang et al. 2019, arXiv:1906.08237): post-norm layers, relative positions and
 * segments inside attention, no absolute positions, no length limit. Only the content stream of its two-stream
 * attention is computed: the query stream serves pretraining. An example ends with `<cls>`, whose hidden state the head
 * reads. It follows `XLNetForSequenceClassification` of transformers 5.23:
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/xlnet/modeling_xlnet.py#L1462-L1582
 */
import { ThawError } from "../errors.ts";
import type { QueryRows } from "../nn/packing.ts";
import {
  badConfig,
  type ConfigSource,
  flagField,
  type HuggingFaceConfig,
  integerField,
  probabilityField,
  textField,
} from "./config/config.ts";
import { furtherHeadRate } from "./config/dropoutRates.ts";
import type { Family, Pass } from "./family.ts";
import type { PackedBatch } from "./packedBatch.ts";
import { denseSpecs, normSpecs, type ParameterSpec, perLayer, tableSpec, tensorSpec } from "./parameterSpec.ts";

export const xlnet: Family = {
  modelType: "xlnet",
  keys: {
    architecture: "XLNetForSequenceClassification",
    names: {
      hidden_size: "d_model",
      num_hidden_layers: "n_layer",
      num_attention_heads: "n_head",
      intermediate_size: "d_inner",
      hidden_act: "ff_activation",
      hidden_dropout_prob: "dropout",
      attention_probs_dropout_prob: "dropout",
    },
    aliases: {
      n_token: "vocab_size",
      hidden_size: "d_model",
      num_attention_heads: "n_head",
      num_hidden_layers: "n_layer",
    },
    own: [
      ...["attn_type", "bi_data", "clamp_len", "d_head", "summary_type", "summary_use_proj", "summary_activation"],
      ...["summary_first_dropout", "summary_last_dropout", "summary_proj_to_labels"],
    ],
    // memories of earlier texts, which a classifier is given none of, and question answering
    harmless: [
      ...["mem_len", "reuse_len", "use_mems_eval", "use_mems_train", "same_length", "start_n_top", "end_n_top"],
    ],
    defaults: {
      ...{ vocab_size: 32000, hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16 },
      ...{ intermediate_size: 4096, pad_token_id: 5 },
    },
    // no table of positions, and segments that are only compared: 0 and 1, 2 for <cls>, 3 for padding in version 4
    fixed: { max_position_embeddings: 0, type_vocab_size: 4 },
  },
  basePrefix: "transformer.",
  hasXenovaClass: false,
  maxTokens: () => undefined,
  usesTokenTypes: () => true,
  checkBatch,
  parameters,
  embeddings,
  layer,
  queryRows: () => "last",
  head,
};

interface XLNetSettings {
  /** Distance to which longer ones are clamped; undefined = no clamping. */
  readonly clampLength: number | undefined;
  /** Activation after the summary projection of the last token; `"linear"` = none. */
  readonly summaryActivation: string;
  /** Dropout probability before the summary projection. */
  readonly summaryFirstDropout: number;
  /** Dropout probability after the summary projection. */
  readonly summaryLastDropout: number;
}

/**
 * Reads the keys that XLNet alone has. Throws `BAD_CONFIG` for settings that would compute something else than
 * transformers.
 */
export function xlnetSettings({ raw, hiddenSize, numAttentionHeads }: HuggingFaceConfig): XLNetSettings {
  const source: ConfigSource = { json: raw, file: "config.json" };
  const width = hiddenSize / numAttentionHeads;
  const only = (key: string, found: unknown, known: unknown, why: string) => {
    if (found === known) return;
    throw badConfig(
      source.file,
      `"${key}" is ${JSON.stringify(found)}; only ${JSON.stringify(known)} can be trained: ${why}`,
    );
  };
  only("attn_type", textField(source, "attn_type", "bi"), "bi", "a classifier reads its text in both directions.");
  only("bi_data", flagField(source, "bi_data", false), false, "the other is for pretraining. Set it to false.");
  only("summary_type", textField(source, "summary_type", "last"), "last", "a text's last token is <cls>.");
  only(
    "summary_use_proj",
    flagField(source, "summary_use_proj", true),
    true,
    "use a checkpoint that has the projection.",
  );
  only(
    "summary_proj_to_labels",
    flagField(source, "summary_proj_to_labels", false),
    false,
    "logits_proj does that here.",
  );
  only("d_head", integerField(source, "d_head", width), width, "it is d_model / n_head.");
  const clamp = integerField(source, "clamp_len", -1, -1);
  return {
    clampLength: clamp > 0 ? clamp : undefined,
    summaryActivation: textField(source, "summary_activation", "summary_activation" in raw ? "linear" : "tanh"),
    summaryFirstDropout: probabilityField(source, "summary_first_dropout", 0),
    summaryLastDropout: probabilityField(source, "summary_last_dropout", 0.1),
  };
}

/**
 * Refuses padding on the right, because transformers reads the last column even if it is padding, and takes distances
 * by column.
 */
function checkBatch({ packing, positions, columns }: PackedBatch): void {
  packing.lengths.forEach((length, text) => {
    const first = packing.firstTokens[text] as number;
    const last = positions[first + length - 1] as number;
    if (last === (columns[text] as number) - 1 && last - (positions[first] as number) === length - 1) return;
    throw new ThawError(
      "BAD_BATCH",
      `Text ${text} of the batch is padded on the right, or within. XLNet reads a text's last token, <cls>: pad on the ` +
        'left, with { paddingSide: "left" }, which is what its tokenizer does by itself.',
    );
  });
}

function parameters(config: HuggingFaceConfig): ParameterSpec[] {
  const { hiddenSize: width, intermediateSize: inner, numAttentionHeads: heads } = config;
  const headWidth = width / heads;
  xlnetSettings(config); // refuses what cannot be trained
  const layers = perLayer(config, (i) => {
    const name = `transformer.layer.${i}`;
    return [
      ...["q", "k", "v", "o", "r"].map((part) => tensorSpec(`${name}.rel_attn.${part}`, [width, heads, headWidth], i)),
      ...["r_r_bias", "r_s_bias", "r_w_bias"].map((part) =>
        tensorSpec(`${name}.rel_attn.${part}`, [heads, headWidth], i),
      ),
      tensorSpec(`${name}.rel_attn.seg_embed`, [2, heads, headWidth], i),
      ...normSpecs(`${name}.rel_attn.layer_norm`, width, i),
      ...normSpecs(`${name}.ff.layer_norm`, width, i),
      ...denseSpecs(`${name}.ff.layer_1`, inner, width, i),
      ...denseSpecs(`${name}.ff.layer_2`, width, inner, i),
    ];
  });
  return [
    // read by the other stream alone: it gets no gradient, so that no optimizer moves it
    tensorSpec("transformer.mask_emb", [1, 1, width], "embeddings"),
    tableSpec("transformer.word_embedding", config.vocabSize, width, "embeddings"),
    ...layers,
    ...denseSpecs("sequence_summary.summary", width, width, "head"),
    ...denseSpecs("logits_proj", config.numLabels, width, "head"),
  ];
}

function embeddings<T>(pass: Pass<T>): T {
  return pass.dropout(pass.words("transformer.word_embedding.weight"), pass.config.hiddenDropoutProb);
}

function layer<T>(pass: Pass<T>, index: number, hidden: T, queryRows?: QueryRows): T {
  const { hiddenAct, hiddenDropoutProb: rate } = pass.config;
  const [attention, feedForward] = ["rel_attn", "ff"].map((part) => `transformer.layer.${index}.${part}`);
  const context = relativeAttention(pass, attention as string, hidden, queryRows);
  const attended = pass.residualNorm(
    { norm: `${attention}.layer_norm` },
    pass.project(`${attention}.o`, context),
    pass.selectQueryRows(hidden, queryRows),
    rate,
  );
  const inner = pass.dropout(pass.denseActivated(`${feedForward}.layer_1`, hiddenAct, attended), rate);
  return pass.residualNorm(
    { bias: `${feedForward}.layer_2.bias`, norm: `${feedForward}.layer_norm` },
    pass.project(`${feedForward}.layer_2.weight`, inner),
    attended,
    rate,
  );
}

/**
 * Computes `softmax((ac + bd + ef) / sqrt(headWidth)) v` with the three terms of `rel_attn_core`: content to content,
 * content to distance, and content to segment, each with its own query bias.
 */
function relativeAttention<T>(pass: Pass<T>, name: string, hidden: T, queryRows?: QueryRows): T {
  const toHeads = (part: string, rows: T) => pass.project(`${name}.${part}`, rows, "[in, out]");
  const query = toHeads("q", pass.selectQueryRows(hidden, queryRows));
  const [key, value] = [toHeads("k", hidden), toHeads("v", hidden)];
  const sinusoids = pass.distanceSinusoids({
    clamp: xlnetSettings(pass.config).clampLength,
    dropoutRate: pass.config.hiddenDropoutProb,
  });
  return pass.attention(
    { query, key, value },
    {
      queryRows,
      byQuery: { ...sinusoids, rows: toHeads("r", sinusoids.rows) },
      queryBiases: {
        content: `${name}.r_w_bias`,
        distance: `${name}.r_r_bias`,
        bySegment: { table: `${name}.seg_embed`, queryBias: `${name}.r_s_bias` },
      },
    },
  );
}

function head<T>(pass: Pass<T>, rows: T): T {
  const { dropoutRates, hiddenDropoutProb } = pass.config;
  const { summaryActivation, summaryFirstDropout, summaryLastDropout } = xlnetSettings(pass.config);
  const output = pass.dropout(pass.dropout(rows, hiddenDropoutProb), furtherHeadRate(summaryFirstDropout, pass.config));
  const summary = pass.activate(summaryActivation, pass.dense("sequence_summary.summary", output));
  return pass.dense("logits_proj", pass.dropout(summary, dropoutRates?.classifier ?? summaryLastDropout));
}
