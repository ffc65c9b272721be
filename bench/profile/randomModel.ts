/** Models whose weights come from a seed: all but one, since a file has to hold something. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AutoModelForSequenceClassification } from "../../src/index.ts";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { families } from "../../src/models/families.ts";
import type { ParameterSpec } from "../../src/models/parameterSpec.ts";
import { writeSafetensors } from "../../src/weights/safetensors/write.ts";

/** Of any family and of BERT's proportions. Throws on an unknown `modelType`. */
export async function randomModel(modelType: string, [layers, width]: readonly [layers: number, width: number]) {
  const json = { model_type: modelType, vocab_size: 30522, pad_token_id: 0, ...shapeOf(modelType, layers, width) };
  const family = families.find((one) => one.modelType === modelType);
  if (family === undefined) throw new Error(`--model is "${modelType}"; known are mini, base and ${known()}.`);
  const { name, shape } = family
    .parameters(parseConfig(json))
    .find(({ block }) => block === 0 || block === "shared") as ParameterSpec;
  const size = shape.reduce((product, n) => product * n, 1);
  const folder = mkdtempSync(join(tmpdir(), "thaw-profile-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(json));
    const one = { name, shape, data: Float32Array.from({ length: size }, (_, i) => 0.02 * Math.cos(i)) };
    await writeSafetensors(join(folder, "model.safetensors"), [one]);
    return await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2, seed: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const known = () => families.map(({ modelType }) => modelType).join(", ");

/** Keys of config.json by the names that a family has for them; the DeBERTas with the terms of the published models. */
function shapeOf(modelType: string, layers: number, width: number): Record<string, unknown> {
  const heads = width / 32;
  if (modelType === "xlnet") return { n_layer: layers, d_model: width, n_head: heads, d_inner: 4 * width };
  if (modelType === "distilbert") return { n_layers: layers, dim: width, n_heads: heads, hidden_dim: 4 * width };
  const terms = { relative_attention: true, pos_att_type: ["c2p", "p2c"], position_biased_input: false };
  const isSecond = modelType === "deberta-v2";
  return {
    ...{ num_hidden_layers: layers, hidden_size: width, num_attention_heads: heads, intermediate_size: 4 * width },
    ...(modelType.startsWith("deberta") ? { ...terms, type_vocab_size: 0 } : {}),
    ...(isSecond ? { position_buckets: 256, norm_rel_ebd: "layer_norm", share_att_key: true } : {}),
  };
}
