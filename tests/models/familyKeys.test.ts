import { expect, test } from "vitest";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { debertaSettings } from "../../src/models/deberta.ts";
import { modernBertSettings } from "../../src/models/modernbert.ts";
import { xlnetSettings } from "../../src/models/xlnet.ts";

/** As published: xlnet/xlnet-base-cased. */
const xlnetBase = {
  ...{ model_type: "xlnet", attn_type: "bi", bi_data: false, clamp_len: -1, d_head: 64, d_inner: 3072, d_model: 768 },
  ...{ dropout: 0.1, ff_activation: "gelu", initializer_range: 0.02, layer_norm_eps: 1e-12, mem_len: null, n_head: 12 },
  ...{ n_layer: 12, pad_token_id: 5, same_length: false, summary_activation: "tanh", summary_last_dropout: 0.1 },
  ...{ summary_type: "last", summary_use_proj: true, untie_r: true, vocab_size: 32000 },
};
/** As published: microsoft/deberta-v3-base. */
const debertaV3 = {
  ...{ model_type: "deberta-v2", attention_probs_dropout_prob: 0.1, hidden_act: "gelu", hidden_dropout_prob: 0.1 },
  ...{ hidden_size: 768, initializer_range: 0.02, intermediate_size: 3072, max_position_embeddings: 512 },
  ...{ relative_attention: true, position_buckets: 256, norm_rel_ebd: "layer_norm", share_att_key: true },
  ...{ pos_att_type: "p2c|c2p", layer_norm_eps: 1e-7, max_relative_positions: -1, position_biased_input: false },
  ...{ num_attention_heads: 12, num_hidden_layers: 12, type_vocab_size: 0, vocab_size: 128100 },
};

test("the keys of XLNet are read by its own names, with its own defaults", () => {
  const config = parseConfig(xlnetBase);
  expect(config).toMatchObject({ hiddenSize: 768, numHiddenLayers: 12, numAttentionHeads: 12, intermediateSize: 3072 });
  expect(config).toMatchObject({ hiddenAct: "gelu", hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1 });
  expect(xlnetSettings(config)).toMatchObject({ clampLength: undefined, summaryActivation: "tanh" });
  const bare = parseConfig({ model_type: "xlnet" });
  expect(bare).toMatchObject({ hiddenSize: 1024, numHiddenLayers: 24, numAttentionHeads: 16, padTokenId: 5 });
  expect(() => parseConfig({ ...xlnetBase, n_head: 7 })).toThrow(/"d_model" 768 is no multiple of "n_head" 7/);
  expect(xlnetSettings(parseConfig({ ...xlnetBase, summary_activation: null })).summaryActivation).toBe("linear");
});

test("DeBERTa's terms are read from a text with bars, a list, or nothing", () => {
  const terms = (pos_att_type: unknown) => debertaSettings(parseConfig({ ...debertaV3, pos_att_type })).terms;
  expect(terms("p2c|c2p")).toEqual(["p2c", "c2p"]);
  expect(terms("C2P | p2c")).toEqual(["c2p", "p2c"]);
  expect(terms(["c2p"])).toEqual(["c2p"]);
  expect(terms(null)).toEqual([]);
  expect(() => terms("c2p|p2p")).toThrow(/names "p2p"; known are "c2p" and "p2c"/);
  expect(() => terms(3)).toThrow(/names 3/);
});

test("DeBERTa v3 has 256 buckets each way, v1 every distance, both 512 where the file says -1", () => {
  expect(debertaSettings(parseConfig(debertaV3)).relative).toMatchObject({ span: 256, maxPosition: 512 });
  const first = parseConfig({ ...debertaV3, model_type: "deberta" });
  expect(debertaSettings(first).relative).toMatchObject({ span: 512, buckets: -1, sharesProjections: false });
  expect(debertaSettings(first).hasTableNorm).toBe(false);
});

test("absent keys mean a DeBERTa without relative attention and with absolute positions", () => {
  const settings = debertaSettings(parseConfig({ model_type: "deberta-v2" }));
  expect(settings).toMatchObject({ relative: undefined, terms: [], positionBiasedInput: true, hasTableNorm: false });
});

test.each([
  [{ conv_kernel_size: 4 }, /"conv_kernel_size" is 4; it has to be odd/],
  [{ conv_groups: 2 }, /"conv_groups" is 2; only 1/],
  [{ pooler_hidden_size: 64 }, /"pooler_hidden_size" is 64; only 768/],
  [{ attention_head_size: 32 }, /"attention_head_size" is 32; only 64/],
  [{ talking_head: true }, /"talking_head" is true/],
  [{ relative_attention: "yes" }, /"relative_attention" must be true or false/],
])("a DeBERTa with %j is refused", (change, message) => {
  expect(() => debertaSettings(parseConfig({ ...debertaV3, ...change }))).toThrow(message);
});

test("ModernBERT's layers and rotary bases are read from the keys of version 5 and from those before", () => {
  const old = { num_hidden_layers: 4, global_attn_every_n_layers: 2, global_rope_theta: 8e4, local_rope_theta: 5e3 };
  const full = { rope_type: "default", rope_theta: 8e4 };
  const sliding = { rope_type: "default", rope_theta: 5e3 };
  const now = {
    num_hidden_layers: 4,
    layer_types: ["full_attention", "sliding_attention", "full_attention", "sliding_attention"],
    rope_parameters: { full_attention: full, sliding_attention: sliding },
  };
  const settings = (json: object) => modernBertSettings(parseConfig({ model_type: "modernbert", ...json }));
  expect(settings(now)).toEqual(settings(old));
  expect(settings({}).theta).toEqual({ full_attention: 160_000, sliding_attention: 10_000 });
  expect(settings({}).layerTypes.filter((type) => type === "full_attention")).toHaveLength(8);
  expect(settings({ local_attention: 9 }).window).toBe(4);
});

test("a layer_norm_eps in a file of ModernBERT is another key's, as in transformers", () => {
  const { layerNormEps } = parseConfig({ model_type: "modernbert", layer_norm_eps: 0.5 });
  expect(layerNormEps).toBe(1e-5);
});

test.each([
  [{ classifier_pooling: "max" }, /"classifier_pooling" is "max"; known are "cls" and "mean"/],
  [{ layer_types: ["full_attention"] }, /"layer_types" must name .* each of the 22 layers/],
  [{ rope_scaling: { type: "linear", factor: 2 } }, /Rotary positions of full_attention are scaled/],
  [{ rope_parameters: { sliding_attention: { rope_type: "yarn" } } }, /sliding_attention are scaled .*"default" type/],
])("a ModernBERT with %j is refused", (change, message) => {
  expect(() => modernBertSettings(parseConfig({ model_type: "modernbert", ...change }))).toThrow(message);
});
