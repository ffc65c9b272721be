/**
 * Exports a model as a folder that `pipeline("text-classification")` of `@xenova/transformers` runs, in Node and in
 * browsers.
 */
import { currentHost } from "../shared/host.ts";
import { ThawError } from "./errors.ts";
import { tokenizerFiles, weightFiles } from "./hub/modelFolder.ts";
import { writeConfig } from "./models/config/configFile.ts";
import { maxTokens } from "./models/families.ts";
import { classifierGraph, type TextFit } from "./models/onnx/classifierGraph.ts";
import { modelFile } from "./models/onnx/modelFile.ts";
import { SequenceClassifier } from "./models/sequenceClassifier.ts";
import { weightsHash } from "./models/weightsContent.ts";
import { type OptionNames, refuseUnknown } from "./options.ts";
import { recordOf } from "./platform/atomicFile.ts";
import { join } from "./platform/files.ts";
import { checkTarget, saveFolder } from "./platform/saveFolder.ts";
import { taskOf } from "./task/taskOf.ts";
import { tokenLimit } from "./tokenizer/rows.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Options of `exportOnnx`: the model, its tokenizer and the quantisation. */
export interface ExportOptions {
  /** The model whose graph and weights are written. */
  readonly model: SequenceClassifier;
  /** The model's tokenizer, loaded from files; these are copied. */
  readonly tokenizer: Tokenizer;
  /** `"int8"` writes a second file with weights in eight bits, a quarter as large. Default: only the one in float32. */
  readonly quantize?: "int8";
  /** Aborting it ends the export with nothing changed. Default: the Stop button's. */
  readonly signal?: AbortSignal | undefined;
}

const optionNames: OptionNames<ExportOptions> = { model: true, tokenizer: true, quantize: true, signal: true };
/** Options of ONNX exporters in Python and of transformers.js that have another name here. */
const elsewhere = {
  quantized: 'quantize: "int8"',
  quantization: 'quantize: "int8"',
  dtype: 'quantize: "int8" for a second file in eight bits, beside the one in float32',
  opset: "always 17: leave it out",
  task: "always text-classification: leave it out",
  device: "not needed: leave it out",
  output: "the first argument, a folder",
  folder: "the first argument",
} as const;

const [plainName, quantizedName] = ["onnx/model.onnx", "onnx/model_quantized.onnx"];

/**
 * Writes config.json, the tokenizer's files, `onnx/model.onnx` (opset 17, float32) and, with `quantize`,
 * `onnx/model_quantized.onnx`, which `pipeline` loads unless it is given `{ quantized: false }`. Existing files of
 * these names are replaced once all new ones are on the disk; other files are kept. The folder may be one into which
 * `saveModel` has written this model, but not one with other weights. The graph itself truncates examples that are too
 * long, to the length that the model was trained with and on the tokenizer's side; for pairs, which `pipeline` does not
 * accept, it truncates the second text. Errors: `BAD_ARGUMENT`, `BAD_EXPORT`, `MODEL_TOO_LARGE` (2 GiB and more),
 * `WRITE_FAILED`, `UNFINISHED_SAVE`.
 */
export async function exportOnnx(folder: string, options: ExportOptions): Promise<void> {
  checkOptions(folder, options);
  const { model, tokenizer, quantize, signal = currentHost()?.signal } = options;
  checkWeights(model);
  const { problemType } = model;
  const { modelType } = model.config;
  const specialTypes = typesOfSpecialTokens(tokenizer);
  const fit = fitOf(model, tokenizer);
  const modelMaxLength = fit.side === "right" ? fit.limit : noLimit;
  const plain = classifierGraph(model, { specialTypes, fit });
  const quantized = quantize && classifierGraph(model, { specialTypes, fit, inEightBits: true });
  const tensors = [...plain.initializers, ...(quantized?.initializers ?? [])];
  const bytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const weights = weightsHash(model);
  const beside = [...tokenizerFiles, quantizedName];
  await saveFolder(folder, { part: "export", bytes, mayNotStandBeside: beside, signal }, async (staging) => {
    await refuseOtherWeights(folder, weights);
    await writeConfig(staging.folder, model.config);
    await tokenizer.save(staging.folder, { for: "xenova", modelMaxLength });
    await staging.write(plainName, modelFile(plain));
    if (quantized !== undefined) await staging.write(quantizedName, modelFile(quantized));
    return weights;
  });
  if (model.family.hasXenovaClass === false) {
    console.info(
      `@xenova/transformers has no class for models of type "${modelType}". Its pipeline() runs ${folder} under the name of ` +
        'another, whose class does the same: give it the option { config: { ...config, model_type: "bert" } }, where ' +
        "config is the content of config.json.",
    );
  }
  if (taskOf(problemType).scoreFunction === "none") {
    console.info(
      "pipeline() of @xenova/transformers makes probabilities of what a model gives, and this one gives numbers: take the " +
        "logits of its AutoModelForSequenceClassification instead.",
    );
  }
}

function checkOptions(folder: unknown, options: ExportOptions): void {
  if (typeof folder !== "string" || folder === "") {
    throw new ThawError(
      "BAD_ARGUMENT",
      'exportOnnx takes a folder first: exportOnnx("my-model", { model, tokenizer }).',
    );
  }
  refuseUnknown(options, optionNames, { kind: "option of exportOnnx", elsewhere });
  const { model, tokenizer, quantize } = options;
  if (!(model instanceof SequenceClassifier)) {
    throw new ThawError(
      "BAD_ARGUMENT",
      "model must be what AutoModelForSequenceClassification.fromPretrained gives, awaited.",
    );
  }
  if (typeof tokenizer !== "function") {
    throw new ThawError("BAD_ARGUMENT", "tokenizer must be what AutoTokenizer.fromPretrained gives, awaited.");
  }
  if (quantize === undefined || quantize === "int8") return;
  throw new ThawError("BAD_EXPORT", `quantize is ${JSON.stringify(quantize)}: leave it out, or say "int8".`);
}

/** Refuses a folder of other weights: their config.json would be replaced by one that does not fit them. */
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

/** Refuses weights that are not finite, because quantisation would turn them into finite numbers. */
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

/**
 * The value that Python writes for no limit. Runtimes truncate only on the right, so a text to be truncated on the left
 * must reach the graph whole.
 */
const noLimit = 1e30;

/** Returns the truncation of the graph: that of the model's trainer, or else of its tokenizer. */
function fitOf(model: SequenceClassifier, tokenizer: Tokenizer): TextFit {
  const { modelMaxLength, truncationSide: side, specialTokens } = tokenizer;
  const limit = model.textLimit ?? tokenLimit({ modelMaxLength, positions: maxTokens(model.config) });
  return { limit, side, ...specialTokens };
}

/**
 * Returns token types by the ids of special tokens: XLNet's <cls> has type 2, which tokenizers in a browser do not
 * supply.
 */
function typesOfSpecialTokens(tokenizer: Tokenizer): Map<number, number> {
  const [empty] = tokenizer.encodeBatch([""]);
  const types = [...(empty?.inputIds ?? [])].map((id, i) => [id, empty?.tokenTypeIds[i] ?? 0] as const);
  return new Map(types.filter(([, type]) => type !== 0));
}
