/** From the names in a weights file to those of a model's state dict, by the rules of `from_pretrained`. */

export interface NameMatch {
  /** Model name -> name in the file. */
  readonly found: ReadonlyMap<string, string>;
  /** Model names that the file lacks. */
  readonly missing: readonly string[];
  /** File names that the model has no place for. */
  readonly unused: readonly string[];
}

/**
 * Old BERT files call a layer norm's weight and bias gamma and beta; files of the bare encoder lack the base prefix;
 * `position_ids` is a buffer that needs no place.
 */
export function matchNames(fileNames: readonly string[], modelNames: readonly string[], basePrefix: string): NameMatch {
  const known = new Set(modelNames);
  const found = new Map<string, string>();
  const unused: string[] = [];
  for (const fileName of fileNames) {
    const name = fileName
      .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
      .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
    const match = [name, basePrefix + name].find((candidate) => known.has(candidate));
    if (match !== undefined) found.set(match, fileName);
    else if (!/(^|\.)position_ids$/.test(name)) unused.push(fileName);
  }
  return { found, missing: modelNames.filter((name) => !found.has(name)), unused };
}
