/** A folder that `pipeline("text-classification")` of `@xenova/transformers` runs, in Node and in browsers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeConfig } from "../config/writeConfig.ts";
import { currentHost } from "../display/host.ts";
import { ThawError } from "../errors.ts";
import { tokenizerFiles } from "../hub/tokenizerFiles.ts";
import { weightFiles } from "../hub/weightFiles.ts";
import { recordOf, writeFileAtomic } from "../io/atomicFile.ts";
import { checkTarget } from "../io/checkTarget.ts";
import { saveFolder } from "../io/saveFolder.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { weightsHash } from "../models/weightsContent.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { xenovaForm } from "../tokenizer/xenovaForm.ts";
import { classifierGraph } from "./classifierGraph.ts";
import { unknownToXenova } from "./families.ts";
import { modelFile } from "./modelFile.ts";

export interface ExportOptions {
  readonly model: SequenceClassifier;
  /** Loaded from files, which are copied. */
  readonly tokenizer: Tokenizer;
  /** `"int8"`: a second file with weights in eight bits, a quarter as large. Default: none. */
  readonly quantize?: "int8";
  /** Aborting it ends the export with nothing changed. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}

const optionNames: OptionNames<ExportOptions> = { model: true, tokenizer: true, quantize: true, signal: true };
/** What other libraries call it. */
const elsewhere = {
  quantized: 'quantize: "int8"',
  quantization: 'quantize: "int8"',
  dtype: 'quantize: "int8", or none for float32',
};

const [plainName, quantizedName] = ["onnx/model.onnx", "onnx/model_quantized.onnx"];

/**
 * Writes config.json, the tokenizer's files, `onnx/model.onnx` (opset 17, float32) and, with `quantize`,
 * `onnx/model_quantized.onnx`, which is what `pipeline` takes unless it is told `{ quantized: false }`. What stands at these
 * names is replaced once all of it is on the disk; other files there are kept. It may be a folder into which `saveModel` has
 * written this model, but not one with other weights. Errors: `BAD_ARGUMENT`, `BAD_EXPORT`, `MODEL_TOO_LARGE` (2 GiB and more), `WRITE_FAILED`, `UNFINISHED_SAVE`.
 */
export async function exportOnnx(folder: string, options: ExportOptions): Promise<void> {
  refuseUnknown(options, optionNames, { kind: "option of exportOnnx", elsewhere });
  const { model, tokenizer, quantize, signal = currentHost()?.signal } = options;
  checkOptions(options);
  checkWeights(model);
  const { modelType, problemType } = model.config;
  const specialTypes = typesOfSpecialTokens(tokenizer);
  const plain = classifierGraph(model, { specialTypes });
  const quantized = quantize && classifierGraph(model, { specialTypes, inEightBits: true });
  const tensors = [...plain.initializers, ...(quantized?.initializers ?? [])];
  const bytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const weights = weightsHash(model);
  const beside = [...tokenizerFiles, quantizedName];
  await saveFolder(folder, { part: "export", bytes, mayNotStandBeside: beside, signal }, async (staging) => {
    await refuseOtherWeights(folder, weights);
    await writeConfig(staging.folder, model.config);
    await tokenizer.save(staging.folder);
    await rewriteTokenizer(staging.folder, longestText(model, tokenizer));
    await staging.write(plainName, modelFile(plain));
    if (quantized !== undefined) await staging.write(quantizedName, modelFile(quantized));
    return weights;
  });
  if (unknownToXenova.includes(modelType)) {
    console.info(
      `@xenova/transformers has no class for models of type "${modelType}". Its pipeline() runs ${folder} under the name of ` +
        'another, whose class does the same: give it the option { config: { ...config, model_type: "bert" } }, where ' +
        "config is the content of config.json.",
    );
  }
  if (problemType === "regression") {
    console.info(
      "pipeline() of @xenova/transformers makes probabilities of what a model gives, and this one gives numbers: take the " +
        "logits of its AutoModelForSequenceClassification instead.",
    );
  }
}

function checkOptions({ model, tokenizer, quantize }: ExportOptions): void {
  if (model?.parameters === undefined || tokenizer?.encodeBatch === undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      "exportOnnx takes a folder and { model, tokenizer }: the model and the tokenizer themselves.",
    );
  }
  if (quantize === undefined || quantize === "int8") return;
  throw new ThawError("BAD_EXPORT", `quantize is ${JSON.stringify(quantize)}: leave it out, or say "int8".`);
}

/** The config.json of the export would become that of weights which it does not fit. */
async function refuseOtherWeights(folder: string, weights: string): Promise<void> {
  const { path } = checkTarget(folder);
  for (const name of weightFiles) {
    const found = await recordOf(join(path, name));
    if (found === undefined || (name === "model.safetensors" && found.sha256 === weights)) continue;
    throw new ThawError(
      "BAD_EXPORT",
      `${folder} holds other weights (${name}) than those of the model that is exported, whose config.json and tokenizer ` +
        "would be replaced. Export to another folder, or save this model there first.",
    );
  }
}

/** Eight bits would turn what is no number into one. */
function checkWeights(model: SequenceClassifier): void {
  for (const [name, parameter] of model.parameters) {
    if (parameter.data().every(Number.isFinite)) continue;
    throw new ThawError(
      "BAD_EXPORT",
      `"${name}" holds values that are not finite, so every logit would be NaN. Train again with a lower learning rate, ` +
        "or load the model anew.",
    );
  }
}

/** Token id -> type: XLNet's <cls> is of type 2, which tokenizers in a browser do not say. */
function typesOfSpecialTokens(tokenizer: Tokenizer): Map<number, number> {
  const [empty] = tokenizer.encodeBatch([""]);
  const types = [...(empty?.inputIds ?? [])].map((id, i) => [id, empty?.tokenTypeIds[i] ?? 0] as const);
  return new Map(types.filter(([, type]) => type !== 0));
}

/** Without a number here, pipeline() would cut nothing and pad nothing. */
function longestText({ family, config }: SequenceClassifier, { modelMaxLength }: Tokenizer): number {
  const longest = family.maxTokens(config) ?? Number.POSITIVE_INFINITY;
  const both = Math.min(longest, modelMaxLength);
  return Number.isFinite(both) ? both : 512;
}

/** Both files say what they said, in ways that `@xenova/transformers` understands too. */
async function rewriteTokenizer(folder: string, modelMaxLength: number): Promise<void> {
  const rewrite = async (name: string, change: (source: string) => unknown) => {
    const path = join(folder, name);
    await writeFileAtomic(path, `${JSON.stringify(change(await readFile(path, "utf8").catch(() => "{}")))}\n`);
  };
  await rewrite("tokenizer.json", xenovaForm);
  await rewrite("tokenizer_config.json", (source) => ({ ...JSON.parse(source), model_max_length: modelMaxLength }));
}
