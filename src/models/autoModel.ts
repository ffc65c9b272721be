/** From a name or a folder to a model: `AutoModelForSequenceClassification`. */
import type { HuggingFaceConfig } from "../config/config.ts";
import { readConfig } from "../config/readConfig.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { type ResolveOptions, resolveModel } from "../hub/resolveModel.ts";
import { activationNames } from "../nn/activation.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { openWeights } from "../weights/openWeights.ts";
import type { WeightsFile } from "../weights/weightsFile.ts";
import { albert } from "./albert.ts";
import { bert } from "./bert.ts";
import { matchNames } from "./checkpointNames.ts";
import { deberta } from "./deberta.ts";
import { debertaV2 } from "./debertaV2.ts";
import { distilbert } from "./distilbert.ts";
import { electra } from "./electra.ts";
import type { Family } from "./family.ts";
import { initialValues } from "./initialValues.ts";
import { type LabelOptions, withLabels } from "./labels.ts";
import { modernBert } from "./modernbert.ts";
import { mpnet } from "./mpnet.ts";
import { Parameter, type ParameterSpec } from "./parameter.ts";
import { camembert, roberta, xlmRoberta } from "./roberta.ts";
import { SequenceClassifier } from "./sequenceClassifier.ts";
import { xlnet } from "./xlnet.ts";

/** How a family is added: docs/adding-a-family.md. */
export const families: readonly Family[] = [
  bert,
  roberta,
  xlmRoberta,
  camembert,
  distilbert,
  electra,
  mpnet,
  albert,
  xlnet,
  deberta,
  debertaV2,
  modernBert,
];

/** With another number of labels than the file's, what of the head has another shape is made anew, which is said. */
export interface FromPretrainedOptions extends ResolveOptions, LabelOptions {
  /** For the values that no file has. Default: 42. */
  readonly seed?: number;
}

const optionNames: OptionNames<FromPretrainedOptions> = {
  numLabels: true,
  id2label: true,
  problemType: true,
  seed: true,
  revision: true,
  localFilesOnly: true,
};

/** Loads a model with a head for classification, of whichever family its config names: from the hub, the cache, or a folder. */
export const AutoModelForSequenceClassification = {
  /**
   * Loads a Hugging Face folder (config.json, and weights as safetensors or pytorch_model.bin) given by its path, or by its id from the project's
   * models, Python's Hugging Face cache, or the hub. What the file lacks is made from the seed and reported.
   * Errors: `BAD_ARGUMENT`, `BAD_LABEL`, `MODEL_NOT_FOUND`, `BAD_CONFIG`, `UNKNOWN_FAMILY`, `BAD_SAFETENSORS`, `BAD_PICKLE`, `BAD_INDEX`, `BAD_SHAPE`.
   */
  async fromPretrained(idOrFolder: string, options: FromPretrainedOptions = {}): Promise<SequenceClassifier> {
    refuseUnknown(options, optionNames, { kind: "option of fromPretrained" });
    const folder = await resolveModel(idOrFolder, options);
    const inFile = await readConfig(folder);
    const config = withLabels(inFile, options);
    if (config.problemType === "regression" && (options.problemType ?? inFile.problemType) !== "regression") {
      console.info('Problem type "regression": the model has one label, so that it gives a number for each text.');
    }
    const family = familyOf(config, folder);
    refuseOtherActivations(config, folder);
    const file = await openWeights(folder);
    const specs = family.parameters(config);
    const names = specs.map((spec) => spec.name);
    const { found, unused } = matchNames(file.names, names, family.basePrefix);
    if (![...found.keys()].some((name) => name.startsWith(family.basePrefix))) {
      throw new ThawError(
        "BAD_CHECKPOINT",
        `${file.path} holds none of this ${family.modelType} model's weights (its first tensor is "${file.names[0]}"; ` +
          `expected names such as "${names[0]}"). Check that config.json and model.safetensors belong together.`,
      );
    }
    const newHead = options.numLabels !== undefined || options.id2label !== undefined;
    const sources = specs.map((spec) => checkedSource(spec, found.get(spec.name), file, newHead));
    const seed = options.seed ?? 42;
    const parameters = specs.map((spec, i) => {
      const source = sources[i];
      const values = source === undefined ? initialValues(spec, config, seed) : file.read(source);
      return [spec.name, new Parameter(spec, values, source === undefined)] as const;
    });
    const model = new SequenceClassifier(family, config, new Map(parameters), unused);
    const fresh = model.newlyInitialized;
    if (fresh.length > 0) {
      const counts = `${config.numLabels} ${config.numLabels === 1 ? "label" : "labels"} instead of ${inFile.numLabels}`;
      const isReplaced = specs.some(({ name }, i) => sources[i] === undefined && found.has(name));
      const why = isReplaced ? `made anew for ${counts}` : `not in ${idOrFolder}`;
      sayOnce(`Newly initialised (${why}): ${listed(fresh)}. Train them before you use the model.`);
    }
    return model;
  },
};

const said = new Set<string>();

/** A comparison loads one model many times, and need not be told of it each time. */
function sayOnce(sentence: string): void {
  if (said.has(sentence)) return;
  said.add(sentence);
  console.info(sentence);
}

function familyOf({ modelType }: HuggingFaceConfig, folder: string): Family {
  const family = families.find((candidate) => candidate.modelType === modelType);
  if (family !== undefined) return family;
  throw new ThawError(
    "UNKNOWN_FAMILY",
    `The model in ${folder} is of type "${modelType}". Supported: ${families.map((f) => f.modelType).join(", ")}.`,
  );
}

/** What would be computed all the same, and wrongly. */
function refuseOtherActivations({ hiddenAct }: HuggingFaceConfig, folder: string): void {
  if (activationNames.includes(hiddenAct)) return;
  throw new ThawError(
    "BAD_CONFIG",
    `"hidden_act" in config.json of ${folder} is "${hiddenAct}"; what can be trained here: ${activationNames.join(", ")}. ` +
      "Use another checkpoint.",
  );
}

/** The tensor of the file that gives this parameter its values, or undefined where it has to be made. */
function checkedSource(
  spec: ParameterSpec,
  source: string | undefined,
  file: WeightsFile,
  newHead: boolean,
): string | undefined {
  if (source === undefined) return undefined;
  const shape = file.shape(source);
  if (shape.join() === spec.shape.join()) return source;
  if (newHead && spec.block === "head") return undefined; // another number of labels was asked for
  throw new ThawError(
    "BAD_SHAPE",
    `Tensor "${source}" in ${file.path} has shape [${shape.join(", ")}], but config.json asks for ` +
      `[${spec.shape.join(", ")}]. Check that the two files belong together.`,
  );
}
