/** Loads a model by an id or a folder: `AutoModelForSequenceClassification`. */
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { type ResolveOptions, resolveModel } from "../hub/resolveModel.ts";
import { activationNames } from "../nn/activation.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { basename, isAbsolute } from "../platform/files.ts";
import { readFolder } from "../platform/readFolder.ts";
import { openWeights, refuseAdapter } from "../weights/openWeights.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { readConfig } from "./config/configFile.ts";
import { familyOf } from "./families.ts";
import { type HeadOptions, planLoading } from "./loadPlan.ts";
import { initialValues, Parameter } from "./parameter.ts";
import { SequenceClassifier } from "./sequenceClassifier.ts";

/**
 * Options of `fromPretrained`. If `numLabels` differs from the checkpoint's, the head parameters whose shapes change
 * are newly initialised, and the load reports it.
 */
export interface FromPretrainedOptions extends ResolveOptions, HeadOptions {
  /** Seed of newly initialised parameters. Default: 42. */
  readonly seed?: number;
}

const optionNames: OptionNames<FromPretrainedOptions> = {
  numLabels: true,
  id2label: true,
  label2id: true,
  problemType: true,
  newHead: true,
  reinitLayers: true,
  seed: true,
  revision: true,
  localFilesOnly: true,
};

/** Options of `from_pretrained` in Python and in transformers.js that have another name here or are not needed. */
const elsewhere = {
  labels: "id2label, the names in order",
  labelNames: "id2label",
  numClasses: "numLabels",
  reinitNLayers: "reinitLayers",
  reinitPooler: "reinitLayers, which makes the pooler anew too",
  ignoreMismatchedSizes: "not needed: with numLabels or id2label, an output layer of another size is made anew",
  dtype: "always float32: leave it out",
  torchDtype: "always float32: leave it out",
  deviceMap: "not needed: leave it out",
  device: "not needed: leave it out",
  quantized: "not possible: weights are read in float32, float16 or bfloat16",
  quantizationConfig: "not possible: weights are read in float32, float16 or bfloat16",
  cacheDir: "the environment variable HF_HUB_CACHE",
  token: "the environment variable HF_TOKEN",
  useAuthToken: "the environment variable HF_TOKEN",
  offline: "localFilesOnly",
  forceDownload: "not possible: remove the model from the cache",
  trustRemoteCode: "not possible: no code from a model's folder is ever run",
  fromTf: "not possible: the error for a folder of TensorFlow says how to convert it",
  fromFlax: "not possible: the error for a folder of Flax says how to convert it",
  attnImplementation: "not needed: leave it out",
  lowCpuMemUsage: "not needed: leave it out",
  outputHiddenStates: "not possible",
  outputAttentions: "not possible",
} as const;

/**
 * Loads a model with a sequence classification head from the hub, the cache or a folder; the `model_type` in its config
 * decides the family.
 */
export const AutoModelForSequenceClassification = {
  /**
   * Loads a Hugging Face folder (config.json, and weights as safetensors or pytorch_model.bin) given by its path, or by
   * its id from the project's models, Python's Hugging Face cache, or the hub. Parameters that the checkpoint lacks are
   * initialised from the seed and reported. Errors: `BAD_ARGUMENT`, `BAD_LABEL`, `MODEL_NOT_FOUND`, `BAD_CONFIG`,
   * `UNKNOWN_FAMILY`, `WRONG_FORMAT`, `MISSING_FILE`, `BAD_SAFETENSORS`, `BAD_PICKLE`, `BAD_INDEX`, `BAD_CHECKPOINT`,
   * `BAD_SHAPE`.
   */
  async fromPretrained(idOrFolder: string, options: FromPretrainedOptions = {}): Promise<SequenceClassifier> {
    if (typeof idOrFolder !== "string") {
      throw new ThawError("BAD_ARGUMENT", 'fromPretrained takes a folder, or an id such as "org/name", as text.');
    }
    refuseUnknown(options, optionNames, { kind: "option of fromPretrained", elsewhere });
    return await readFolder(
      await resolveModel(idOrFolder, options),
      (folder) => load(folder, idOrFolder, options),
      (model) => model.dispose(),
    );
  },
};

async function load(folder: string, idOrFolder: string, options: FromPretrainedOptions): Promise<SequenceClassifier> {
  await refuseAdapter(folder);
  const config = await readConfig(folder, options);
  const family = familyOf(config);
  refuseOtherActivations(config, folder);
  const file = await openWeights(folder);
  const { plan, unused } = planLoading(family, config, file, options);
  if (config.numLabels === 1 && config.problemType === undefined) {
    console.info('Problem type "regression": the model has one label, so that it gives a number for each text.');
  }
  const seed = options.seed ?? 42;
  const parameters = plan.map(({ spec, source }) => {
    const values = source === undefined ? initialValues(spec, config, seed) : file.read(source);
    return [spec.name, new Parameter(spec, values, source === undefined)] as const;
  });
  const model = new SequenceClassifier(family, config, new Map(parameters), unused, nameOf(idOrFolder));
  const fresh = model.newlyInitialized;
  if (fresh.length > 0) {
    const replaced = plan.find(({ source, replaced }) => source === undefined && replaced !== undefined)?.replaced;
    const counts = `${config.numLabels} ${config.numLabels === 1 ? "label" : "labels"} instead of ${replaced}`;
    const { reinitLayers = 0 } = options;
    const why =
      reinitLayers > 0
        ? `by reinitLayers: ${reinitLayers}`
        : replaced === undefined
          ? `not in ${idOrFolder}`
          : `made anew${replaced === config.numLabels ? "" : ` for ${counts}`}`;
    sayOnce(`Newly initialised (${why}): ${listed(fresh)}. Train them before you use the model.`);
  }
  return model;
}

/** Strips the machine's paths from a name, because records and reports are read on other machines. */
const nameOf = (idOrFolder: string): string =>
  isAbsolute(idOrFolder) || idOrFolder.startsWith("~") ? basename(idOrFolder) : idOrFolder;

const said = new Set<string>();

/** Prints a sentence only once per process, because a comparison loads the same model many times. */
function sayOnce(sentence: string): void {
  if (said.has(sentence)) return;
  said.add(sentence);
  console.info(sentence);
}

/** Throws `BAD_CONFIG` for an unknown activation before any weights are loaded. */
function refuseOtherActivations({ hiddenAct }: HuggingFaceConfig, folder: string): void {
  if (activationNames.includes(hiddenAct)) return;
  throw new ThawError(
    "BAD_CONFIG",
    `"hidden_act" in config.json of ${folder} is "${hiddenAct}"; what can be trained here: ${activationNames.join(", ")}. ` +
      "Use another checkpoint.",
  );
}
