/**
 * Decides which checkpoint tensor provides the values of which parameter, by names and shapes only, before any values
 * are read.
 */
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { elementsOf } from "../tensor/shape.ts";
import type { WeightsFile } from "../weights/weightsFile.ts";
import type { HuggingFaceConfig } from "./config/config.ts";
import { areNameless, askedNames, type LabelOptions, labelsInFile, matchLabels } from "./config/labels.ts";
import type { Family } from "./family.ts";
import type { ParameterSpec } from "./parameterSpec.ts";

/** Options for the labels of the head, and for what of a checkpoint is not kept. */
export interface HeadOptions extends LabelOptions {
  /**
   * Initialises the output layer from the seed even if the checkpoint has one for the same number of labels. Default:
   * false.
   */
  readonly newHead?: boolean;
  /**
   * Number of encoder layers, from the top, that are initialised from the seed with the head above them instead of from the
   * checkpoint, by the config's `initializerRange`: the topmost layers of a pretrained encoder can be a worse start than
   * random ones on small data (Zhang et al. 2021, arXiv:2006.05987). They have to train from the first stage on. Default: 0.
   */
  readonly reinitLayers?: number;
}

/** A parameter and the tensor that provides its values. */
interface LoadedParameter {
  readonly spec: ParameterSpec;
  /** Name of the tensor in the checkpoint; undefined if the values are initialised from the seed. */
  readonly source: string | undefined;
  /** Number of rows of the checkpoint's tensor if it is not used. */
  readonly replaced?: number | undefined;
}

/**
 * Compares the parameters that the config requires with the header of the weights file, before any values are read or
 * memory is allocated. Throws `BAD_CHECKPOINT` and `BAD_SHAPE`, and `BAD_LABEL` for label names in another order than
 * the rows of a trained head.
 */
export function planLoading(
  family: Family,
  config: HuggingFaceConfig,
  file: WeightsFile,
  options: HeadOptions,
): { readonly plan: readonly LoadedParameter[]; readonly unused: readonly string[] } {
  refuseTooManyLayers(config, file);
  const isMadeAnew = reinitialized(family, config, options.reinitLayers ?? 0);
  const specs = family.parameters(config);
  const names = specs.map((spec) => spec.name);
  const { found, unused, wrapper } = matchNames(file.names, names, family.basePrefix);
  if (![...found.keys()].some((name) => name.startsWith(family.basePrefix))) {
    throw new ThawError(
      "BAD_CHECKPOINT",
      `${file.path} holds none of this ${family.modelType} model's weights (its first tensor is "${file.names[0]}"; ` +
        `expected names such as "${names[0]}"). Check that config.json and model.safetensors belong together.`,
    );
  }
  if (wrapper !== "") {
    console.info(
      `The names in ${file.path} all begin with "${wrapper}", of a module around the model: read without it.`,
    );
  }
  const outputs = outputNames(family, config, specs);
  const mayBeNew = options.numLabels !== undefined || askedNames(options) !== undefined || options.newHead === true;
  const plan = specs.map((spec): LoadedParameter => {
    const source = found.get(spec.name);
    if (source === undefined || isMadeAnew(spec)) return { spec, source: undefined };
    const shape = file.shape(source);
    const isOther = shape.join() !== spec.shape.join();
    if (mayBeNew && spec.block === "head" && (isOther || (options.newHead === true && outputs.has(spec.name)))) {
      return { spec, source: undefined, replaced: shape[0] };
    }
    if (!isOther) return { spec, source };
    const advice = outputs.has(spec.name)
      ? `Load it with numLabels: ${shape[0]}, or id2label with as many names, if the head is to be kept.`
      : "Check that the two files belong together.";
    throw new ThawError(
      "BAD_SHAPE",
      `Tensor "${source}" in ${file.path} has shape [${shape.join(", ")}], but config.json asks for ` +
        `[${spec.shape.join(", ")}]. ${advice}`,
    );
  });
  refuseLargeRest(plan, file);
  if (plan.every(({ spec, source }) => source !== undefined || !outputs.has(spec.name))) {
    checkTrainedLabels(config, options, file);
  }
  return { plan, unused };
}

/**
 * Returns a function that tells which parameters `reinitLayers` makes anew. Throws `BAD_ARGUMENT` for more layers than there
 * are, and for layers without weights of their own.
 */
function reinitialized(family: Family, config: HuggingFaceConfig, layers: number): (spec: ParameterSpec) => boolean {
  const { numHiddenLayers: depth } = config;
  if (layers === 0) return () => false;
  if (!Number.isInteger(layers) || layers < 0 || layers > depth) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `reinitLayers is ${layers}; this model has ${depth} encoder layers: use a whole number from 0 to ${depth}.`,
    );
  }
  if (!family.parameters(config).some(({ block }) => typeof block === "number")) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `reinitLayers is ${layers}, but the ${depth} encoder layers of this model run on the same weights, so that no layer ` +
        "can be made anew alone. Leave it out; newHead: true makes the output layer anew.",
    );
  }
  return ({ block }) => block === "head" || (typeof block === "number" && block >= depth - layers);
}

/** Finds the parameters of the output layer: their shapes depend on the number of labels. */
function outputNames(family: Family, config: HuggingFaceConfig, specs: readonly ParameterSpec[]): Set<string> {
  const larger = family.parameters({ ...config, numLabels: config.numLabels + 1 });
  return new Set(specs.filter(({ shape }, i) => larger[i]?.shape.join() !== shape.join()).map(({ name }) => name));
}

/** Number of layers above which a config is suspicious: no published model has as many. */
const usualLayers = 1000;

function refuseTooManyLayers({ numHiddenLayers }: HuggingFaceConfig, file: WeightsFile): void {
  if (numHiddenLayers <= Math.max(usualLayers, file.names.length)) return;
  throw new ThawError(
    "BAD_CHECKPOINT",
    `config.json asks for ${numHiddenLayers} layers, but ${file.path} has ${file.names.length} tensors. Check that the two ` +
      "files belong together.",
  );
}

/**
 * Refuses a checkpoint that lacks many times more of the encoder than it holds; a missing table or some missing layers
 * are fine.
 */
function refuseLargeRest(plan: readonly LoadedParameter[], file: WeightsFile): void {
  const held = file.names.reduce((sum, name) => sum + elementsOf(file.shape(name)), 0);
  const lacking = plan.filter(({ spec, source }) => source === undefined && spec.block !== "head");
  const wanted = lacking.reduce((sum, { spec }) => sum + elementsOf(spec.shape), 0);
  if (wanted <= 4 * held) return;
  const [first] = lacking;
  throw new ThawError(
    "BAD_CHECKPOINT",
    `config.json asks for ${wanted} weights that ${file.path} lacks, which holds ${held} (the first is "${first?.spec.name}", ` +
      `[${first?.spec.shape.join(", ")}]). Check that the two files belong together.`,
  );
}

/**
 * Checks that label names given for a trained head are in the order of its rows: in another order its predictions would
 * be swapped.
 */
function checkTrainedLabels(config: HuggingFaceConfig, options: HeadOptions, file: WeightsFile): void {
  const asked = askedNames(options);
  if (asked === undefined) return;
  const known = labelsOrNone(config);
  if (known === undefined || known.length !== asked.length || areNameless(known)) return;
  const { moved, unknown } = matchLabels(asked, known);
  if (moved !== undefined) {
    throw new ThawError(
      "BAD_LABEL",
      `id2label calls output ${moved} "${asked[moved]}", but the head in ${file.path} was trained with "${known[moved]}" ` +
        `there. Load it with id2label: ${JSON.stringify(known)} and read the data with labels in that order, or make a new ` +
        "head: newHead: true.",
    );
  }
  if (unknown === undefined) return;
  const renamed = asked.flatMap((name, i) => (name === known[i] ? [] : `${known[i]} is now ${name}`));
  console.info(`The outputs of the trained head have other names: ${listed(renamed)}.`);
}

/** Returns the label names in the file's own config; undefined if they cannot be read. */
function labelsOrNone({ raw }: HuggingFaceConfig): readonly string[] | undefined {
  try {
    return labelsInFile({ json: raw, file: "config.json" }).names;
  } catch {
    return undefined;
  }
}

/** The names of a weights file matched to the parameter names of a model. */
interface NameMatch {
  /** Model name -> name in the file. */
  readonly found: ReadonlyMap<string, string>;
  /** Names in the file that match no parameter of the model. */
  readonly unused: readonly string[];
  /** Prefix of every matched name, such as `"module."`; mostly empty. */
  readonly wrapper: string;
}

/**
 * Matches the names in a weights file to those of a model's state dict, by the rules of `from_pretrained`: old BERT
 * files call a layer norm's weight and bias gamma and beta; files of the bare encoder lack the base prefix;
 * `position_ids` is a buffer that needs no place. If no name matches, all names may have one more prefix, as
 * `torch.nn.DataParallel` (`module.`), `torch.compile` (`_orig_mod.`) and Lightning (`model.`) leave them.
 */
export function matchNames(fileNames: readonly string[], modelNames: readonly string[], basePrefix: string): NameMatch {
  const known = new Set(modelNames);
  const placeOf = (name: string): string | undefined =>
    [today(name), basePrefix + today(name)].find((candidate) => known.has(candidate));
  const isEncoder = (name: string): boolean => placeOf(name)?.startsWith(basePrefix) ?? false;
  const isWrapped = (prefix: string, rest: string): boolean =>
    isEncoder(rest) && (rest.startsWith(basePrefix) || !otherFamily.test(prefix));
  const wrapper = fileNames.some(isEncoder) ? "" : commonWrapper(fileNames, isWrapped);
  const found = new Map<string, string>();
  const unused: string[] = [];
  for (const fileName of fileNames) {
    const bare = fileName.startsWith(wrapper) ? fileName.slice(wrapper.length) : fileName;
    const place = placeOf(bare) ?? placeOf(fileName);
    if (place !== undefined) found.set(place, fileName);
    else if (!/(^|\.)position_ids$/.test(fileName)) unused.push(fileName);
  }
  return { found, unused, wrapper };
}

/**
 * Prefixes of other families' encoders. They do not count as wrappers, or another family's weights would pass for this
 * one's.
 */
const otherFamily = /(^|\.)(bert|roberta|distilbert|electra|mpnet|albert|transformer|deberta|xlm|gpt\w*|t5|bart)\.$/;

/** Replaces the old names gamma and beta by weight and bias. */
const today = (name: string): string =>
  name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");

/** Finds the prefix after which the most names belong to an encoder; empty if two prefixes tie. */
function commonWrapper(fileNames: readonly string[], isWrapped: (prefix: string, rest: string) => boolean): string {
  const votes = new Map<string, number>();
  for (const fileName of fileNames) {
    for (let dot = fileName.indexOf("."); dot >= 0; dot = fileName.indexOf(".", dot + 1)) {
      const prefix = fileName.slice(0, dot + 1);
      if (!isWrapped(prefix, fileName.slice(dot + 1))) continue;
      votes.set(prefix, (votes.get(prefix) ?? 0) + 1);
      break;
    }
  }
  const [best, second] = [...votes].sort(([, a], [, b]) => b - a);
  return best === undefined || best[1] === second?.[1] ? "" : best[0];
}
