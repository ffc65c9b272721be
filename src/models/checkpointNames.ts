/** From the names in a weights file to those of a model's state dict, by the rules of `from_pretrained`. */

export interface NameMatch {
  /** Model name -> name in the file. */
  readonly found: ReadonlyMap<string, string>;
  /** Names of the model that the file lacks. */
  readonly missing: readonly string[];
  /** Names in the file that the model has no place for. */
  readonly unused: readonly string[];
  /** What stood before every name that was found, such as `"module."`; mostly nothing. */
  readonly wrapper: string;
}

/**
 * Old BERT files call a layer norm's weight and bias gamma and beta; files of the bare encoder lack the base prefix;
 * `position_ids` is a buffer that needs no place. Where no name fits, all may stand under one more module, as
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
  return { found, missing: modelNames.filter((name) => !found.has(name)), unused, wrapper };
}

/** What stands before the names of some family's encoder is no wrapper: another family's weights would pass for this one's. */
const otherFamily = /(^|\.)(bert|roberta|distilbert|electra|mpnet|albert|transformer|deberta|xlm|gpt\w*|t5|bart)\.$/;

/** A name as it is spelt since 2018. */
const today = (name: string): string =>
  name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");

/** The prefix without which the most names are those of an encoder; nothing where two are as good. */
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
