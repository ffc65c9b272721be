/** Selections of parameters as plain data, so that a plan can be read from JSON, printed, and stored. */
import { closest } from "../../shared/closest.ts";
import { ThawError } from "../errors.ts";
import { inspect } from "../platform/inspect.ts";

/**
 * The block of a model that a parameter belongs to, bottom to top: embeddings < shared < layer 0 < layer 1 < ... <
 * head. Parameters of `"shared"` are read by several layers, or above all of them: training them needs gradients
 * through every layer.
 */
export type Block = "embeddings" | "shared" | number | "head";

/** Parameter name -> block, for every parameter of a model, bottom to top. */
export type BlockMap = ReadonlyMap<string, Block>;

/** A selection of parameters: a word, a number of layers, names or patterns. */
export type Selection =
  | "all"
  /** All parameters above the encoder layers, newly initialised or not: pooler and classifier in any family. */
  | "head"
  | "embeddings"
  /** Parameters that several layers read, such as a table of relative positions; most families have none. */
  | "shared"
  /** Every bias, those of normalisations and of the head included (BitFit: Ben Zaken et al. 2022, arXiv:2106.10199). */
  | "biases"
  /** Weights and biases of every normalisation. */
  | "norms"
  /** Encoder layers by index, from 0 at the bottom. */
  | { readonly layers: readonly number[] }
  | { readonly lastLayers: number }
  | { readonly firstLayers: number }
  /**
   * All encoder layers but the lowest share of them, in [0, 1), rounded to the nearest layer, halves up: of 12 layers
   * `{ freezeRatio: 0.5 }` selects the top 6, of 5 the top 2. Neither embeddings nor head are selected, as with `lastLayers`.
   */
  | { readonly freezeRatio: number }
  /** Every n-th encoder layer, counted from the top one down: of 12 layers `{ everyNth: 4 }` selects 3, 7 and 11. */
  | { readonly everyNth: number }
  /**
   * Parameters by name: a regular expression, in JSON the text `"/LayerNorm/"`, or exact names. A pattern without a
   * match and an unknown name are refused.
   */
  | { readonly parameters: RegExp | string | readonly string[] }
  | readonly Selection[];

/** Turns a selection into plain JSON: a pattern becomes its text. */
export function plainSelection(selection: Selection): Selection {
  if (Array.isArray(selection)) return (selection as readonly Selection[]).map(plainSelection);
  if (typeof selection === "object" && "parameters" in selection && selection.parameters instanceof RegExp) {
    return { parameters: String(selection.parameters) };
  }
  return selection;
}

/**
 * Tells whether the encoder layers have parameters of their own; ALBERT's have none, since all of its layers use the
 * shared ones.
 */
export function layersHaveWeights(blocks: BlockMap): boolean {
  for (const block of blocks.values()) if (typeof block === "number") return true;
  return false;
}

/** The part of a model that selections are made in. */
export interface SelectableModel {
  /** The names of the parameters of every block, bottom to top. */
  readonly blocks: BlockMap;
  /** The number of encoder layers. */
  readonly depth: number;
}

const words = ["all", "head", "embeddings", "shared", "biases", "norms"] as const;
const keys = ["layers", "lastLayers", "firstLayers", "freezeRatio", "everyNth", "parameters"] as const;
/** The names of kinds of parameters that all blocks have, in any family. */
export const kinds = {
  biases: /[._]bias$/,
  norms: /(^|[._])(layer_?norm|norm)\.(weight|bias)$/i,
} as const;
const deepest = 20;

/**
 * Finds the names of the selected parameters in a model of `depth` encoder layers. Throws `BAD_SELECTION` for parts
 * that the model does not have.
 */
export function select(selection: Selection, blocks: BlockMap, depth: number): Set<string> {
  checkSelection(selection, depth);
  return namesOf(selection, blocks, depth);
}

function namesOf(selection: Selection, blocks: BlockMap, depth: number): Set<string> {
  const inBlock = (accept: (block: Block) => boolean) =>
    new Set([...blocks].filter(([, block]) => accept(block)).map(([name]) => name));
  const inLayers = (first: number, end: number) =>
    inBlock((block) => typeof block === "number" && first <= block && block < end);
  if (selection === "all") return new Set(blocks.keys());
  if (selection === "biases" || selection === "norms") return ofKind(kinds[selection], blocks.keys());
  if (typeof selection === "string") return inBlock((block) => block === selection);
  if (Array.isArray(selection)) {
    return new Set((selection as readonly Selection[]).flatMap((part) => [...namesOf(part, blocks, depth)]));
  }
  const single = selection as Exclude<Selection, string | readonly Selection[]>;
  if ("parameters" in single) return byName(single.parameters, blocks);
  if (!layersHaveWeights(blocks)) refuseLayers(selection, depth);
  if ("layers" in single) {
    const wanted = new Set(single.layers.map((layer) => checkedLayer(layer, depth)));
    return inBlock((block) => typeof block === "number" && wanted.has(block));
  }
  if ("lastLayers" in single) return inLayers(depth - checkedCount("lastLayers", single.lastLayers, depth), depth);
  if ("firstLayers" in single) return inLayers(0, checkedCount("firstLayers", single.firstLayers, depth));
  if ("freezeRatio" in single) return inLayers(frozenLayers(single.freezeRatio, depth), depth);
  const stride = checkedCount("everyNth", single.everyNth, depth);
  return inBlock((block) => typeof block === "number" && (depth - 1 - block) % stride === 0);
}

/** Returns the names of a kind of parameters. */
export const ofKind = (kind: RegExp, names: Iterable<string>): Set<string> =>
  new Set([...names].filter((name) => kind.test(name)));

/** Returns the number of the lowest layers that a share of them is; not all of them. */
function frozenLayers(share: number, depth: number): number {
  const frozen = Math.round(share * depth);
  if (frozen < depth) return frozen;
  return badSelection(
    `{ freezeRatio: ${share} } freezes all ${depth} encoder layers of this model: use at most ` +
      `${Math.floor(((depth - 1) / depth) * 100) / 100}, or leave it out where no layer is to train.`,
  );
}

/**
 * Throws `BAD_SELECTION` for a selection that is invalid in every model: unknown words, impossible counts, the same
 * part twice. `depth` is used only in messages.
 */
export function checkSelection(selection: Selection, depth?: number, nesting = 0): void {
  if (Array.isArray(selection)) checkParts(selection as readonly Selection[], depth, nesting);
  else if (typeof selection === "string") checkWord(selection);
  else checkObject(selection as Exclude<Selection, string | readonly Selection[]>, depth);
}

function checkObject(selection: Exclude<Selection, string | readonly Selection[]>, depth: number | undefined): void {
  const given = typeof selection === "object" && selection !== null ? Object.keys(selection) : [];
  const [key] = given;
  if (key === undefined || given.length > 1 || !(keys as readonly string[]).includes(key)) {
    const near = given.length === 1 && key !== undefined ? closest(key, keys) : undefined;
    refuse(selection, near === undefined ? "" : `Did you mean { ${near}: ... }? `);
  }
  if ("layers" in selection) checkLayers(selection.layers, selection);
  else if ("lastLayers" in selection) checkWhole("lastLayers", selection.lastLayers, depth);
  else if ("firstLayers" in selection) checkWhole("firstLayers", selection.firstLayers, depth);
  else if ("freezeRatio" in selection) checkRatio(selection.freezeRatio);
  else if ("everyNth" in selection) checkWhole("everyNth", selection.everyNth, depth);
  else checkNames(selection.parameters, selection);
}

function checkParts(parts: readonly Selection[], depth: number | undefined, nesting: number): void {
  if (nesting === deepest) refuse(parts, `Its arrays are nested more than ${deepest} deep. `);
  const seen = new Set<string>();
  for (const part of Array.from(parts)) {
    checkSelection(part, depth, nesting + 1);
    const text = shown(part);
    if (seen.has(text)) refuse(parts, `It has ${text} twice. `);
    seen.add(text);
  }
  if (seen.has("'all'") && seen.size > 1) refuse(parts, '"all" holds everything: it stands alone. ');
}

function checkWord(word: string): void {
  if ((words as readonly string[]).includes(word)) return;
  const near = closest(word, words);
  refuse(word, near === undefined ? "" : `Did you mean "${near}"? `);
}

function checkLayers(layers: readonly number[], selection: Selection): void {
  if (!Array.isArray(layers)) refuse(selection, "layers is an array of indices. ");
  const seen = new Set<number>();
  for (const layer of Array.from(layers)) {
    if (!Number.isInteger(layer) || layer < 0) {
      badSelection(`There is no encoder layer ${shown(layer)}: layers have indices from 0 on, from bottom to top.`);
    }
    if (seen.has(layer)) badSelection(`${shown(selection)} has layer ${layer} twice: name every layer once.`);
    seen.add(layer);
  }
}

function checkWhole(key: string, count: number, depth: number | undefined): void {
  if (Number.isInteger(count) && count >= 1) return;
  const most = depth ?? "the number of encoder layers";
  badSelection(`{ ${key}: ${shown(count)} } is not possible: use an integer from 1 to ${most}.`);
}

function checkRatio(ratio: number): void {
  if (typeof ratio === "number" && ratio >= 0 && ratio < 1) return;
  badSelection(
    `{ freezeRatio: ${shown(ratio)} } is not possible: it is the share of the encoder layers that stays frozen, from 0 to below 1.`,
  );
}

function checkNames(wanted: RegExp | string | readonly string[], selection: Selection): void {
  if (wanted instanceof RegExp) return;
  if (typeof wanted === "string") patternOf(wanted);
  else if (!Array.isArray(wanted) || Array.from(wanted).some((name) => typeof name !== "string")) {
    refuse(selection, "parameters is a pattern, or an array of names. ");
  }
}

function refuse(selection: unknown, advice: string): never {
  return badSelection(
    `${shown(selection)} selects nothing known. ${advice}Use "all", "head", "shared", "embeddings", "biases", "norms", { layers: [0, 1] }, ` +
      "{ lastLayers: 2 }, { firstLayers: 2 }, { freezeRatio: 0.5 }, { everyNth: 2 }, { parameters: /LayerNorm/ }, or an " +
      "array of these.",
  );
}

function badSelection(message: string): never {
  throw new ThawError("BAD_SELECTION", message);
}

function shown(value: unknown): string {
  const text = inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

function refuseLayers(selection: Selection, depth: number): never {
  return badSelection(
    `${shown(selection)} is not possible: the ${depth} encoder layers of this model run on the same weights, so ` +
      'none of them can be trained or frozen alone. Use "shared" for all of them at once, "head", "embeddings" or "all".',
  );
}

function checkedLayer(layer: number, depth: number): number {
  if (layer < depth) return layer;
  return badSelection(
    `There is no encoder layer ${layer}: this model has ${depth}, with indices 0 to ${depth - 1} from bottom to top.`,
  );
}

function checkedCount(key: string, count: number, depth: number): number {
  if (count <= depth) return count;
  return badSelection(
    `{ ${key}: ${count} } is not possible: this model has ${depth} encoder layers; use an integer from 1 to ${depth}.`,
  );
}

/** Reads a pattern such as `"/LayerNorm/i"`; undefined for a plain name. */
function patternOf(text: string): RegExp | undefined {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
  if (source === undefined) return undefined;
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    return badSelection(`${JSON.stringify(text)} is no pattern: ${(cause as Error).message}.`);
  }
}

function byName(wanted: RegExp | string | readonly string[], blocks: BlockMap): Set<string> {
  const pattern = typeof wanted === "string" ? patternOf(wanted) : wanted instanceof RegExp ? wanted : undefined;
  if (pattern !== undefined) {
    const names = [...blocks.keys()].filter((name) => name.search(pattern) >= 0);
    if (names.length > 0) return new Set(names);
    badSelection(
      `No parameter's name matches ${pattern}. Names look like "${[...blocks.keys()][0]}"; model.namedParameters() lists them.`,
    );
  }
  const names = typeof wanted === "string" ? [wanted] : (wanted as readonly string[]);
  for (const name of names) {
    if (blocks.has(name)) continue;
    badSelection(
      `There is no parameter "${name}". Names look like "${[...blocks.keys()][0]}"; model.namedParameters() lists them.`,
    );
  }
  return new Set(names);
}
