/** Which parameters a person means: plain data, so that a plan can be read from JSON, printed, and stored. */
import { ThawError } from "../errors.ts";

/**
 * Where a parameter sits, bottom to top: embeddings < shared < layer 0 < layer 1 < ... < head. `"shared"` is outside the
 * layers and read by several of them, or above them all: to train it is to differentiate everything from layer 0 on.
 */
export type Block = "embeddings" | "shared" | number | "head";

/** Parameter name -> block, for every parameter of a model, bottom to top. */
export type BlockMap = ReadonlyMap<string, Block>;

/** Which parameters are meant: a word, a number of layers, names or patterns. */
export type Selection =
  | "all"
  /** Everything above the encoder layers, newly initialised or not: pooler and classifier, whatever they are called. */
  | "head"
  | "embeddings"
  /** What several layers read together, such as a table of relative positions; empty for most families. */
  | "shared"
  /** Encoder layers by index, from 0 at the bottom. */
  | { readonly layers: readonly number[] }
  | { readonly lastLayers: number }
  | { readonly firstLayers: number }
  /** By name: a pattern, or exact names. A pattern that matches nothing and a name that is unknown are refused. */
  | { readonly parameters: RegExp | readonly string[] }
  | readonly Selection[];

/** Whether the encoder layers have weights of their own: those of ALBERT have none, all of them run on the shared ones. */
export function layersHaveWeights(blocks: BlockMap): boolean {
  for (const block of blocks.values()) if (typeof block === "number") return true;
  return false;
}

/**
 * The names that a selection means in a model of `depth` encoder layers. Throws `BAD_SELECTION` on anything the model
 * does not have.
 */
export function select(selection: Selection, blocks: BlockMap, depth: number): Set<string> {
  const inBlock = (accept: (block: Block) => boolean) =>
    new Set([...blocks].filter(([, block]) => accept(block)).map(([name]) => name));
  const inLayers = (first: number, end: number) =>
    inBlock((block) => typeof block === "number" && first <= block && block < end);

  if (selection === "all") return new Set(blocks.keys());
  if (selection === "head" || selection === "shared" || selection === "embeddings") {
    return inBlock((block) => block === selection);
  }
  if (Array.isArray(selection)) {
    return new Set((selection as readonly Selection[]).flatMap((part) => [...select(part, blocks, depth)]));
  }
  if (typeof selection === "object" && selection !== null && Object.keys(selection).length === 1) {
    const byLayer = "layers" in selection || "lastLayers" in selection || "firstLayers" in selection;
    if (byLayer && !layersHaveWeights(blocks)) refuseLayers(selection, depth);
    if ("layers" in selection && Array.isArray(selection.layers)) {
      const wanted = new Set(selection.layers.map((layer) => checkedLayer(layer, depth)));
      return inBlock((block) => typeof block === "number" && wanted.has(block));
    }
    if ("lastLayers" in selection)
      return inLayers(depth - checkedCount("lastLayers", selection.lastLayers, depth), depth);
    if ("firstLayers" in selection) return inLayers(0, checkedCount("firstLayers", selection.firstLayers, depth));
    if ("parameters" in selection) return byName(selection.parameters, blocks);
  }
  throw new ThawError(
    "BAD_SELECTION",
    `${JSON.stringify(selection)} selects nothing known. Use "all", "head", "shared", "embeddings", { layers: [0, 1] }, ` +
      "{ lastLayers: 2 }, { firstLayers: 2 }, { parameters: /LayerNorm/ }, or an array of these.",
  );
}

function refuseLayers(selection: Selection, depth: number): never {
  throw new ThawError(
    "BAD_SELECTION",
    `${JSON.stringify(selection)} is not possible: the ${depth} encoder layers of this model run on the same weights, so ` +
      'none of them can be trained or frozen alone. Use "shared" for all of them at once, "head", "embeddings" or "all".',
  );
}

function checkedLayer(layer: number, depth: number): number {
  if (Number.isInteger(layer) && layer >= 0 && layer < depth) return layer;
  throw new ThawError(
    "BAD_SELECTION",
    `There is no encoder layer ${layer}: this model has ${depth}, with indices 0 to ${depth - 1} from bottom to top.`,
  );
}

function checkedCount(key: string, count: number, depth: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= depth) return count;
  throw new ThawError(
    "BAD_SELECTION",
    `{ ${key}: ${count} } is not possible: this model has ${depth} encoder layers; use an integer from 1 to ${depth}.`,
  );
}

function byName(wanted: RegExp | readonly string[], blocks: BlockMap): Set<string> {
  if (wanted instanceof RegExp) {
    const names = [...blocks.keys()].filter((name) => name.search(wanted) >= 0);
    if (names.length > 0) return new Set(names);
    throw new ThawError(
      "BAD_SELECTION",
      `No parameter's name matches ${wanted}. Names look like "${[...blocks.keys()][0]}"; model.namedParameters() lists them.`,
    );
  }
  for (const name of wanted) {
    if (blocks.has(name)) continue;
    throw new ThawError(
      "BAD_SELECTION",
      `There is no parameter "${name}". Names look like "${[...blocks.keys()][0]}"; model.namedParameters() lists them.`,
    );
  }
  return new Set(wanted);
}
