/**
 * A pickled state dict as data, nothing of which is ever called; and which dict of a checkpoint is the one, since
 * `torch.save` is given a state dict alone, or one among other things.
 */
import { elementsOf } from "../../tensor/shape.ts";

/** A range of numbers in the archive, shared by the tensors that are views of it. */
export interface Storage {
  readonly kind: "storage";
  /** The name of its entry under `data/`. */
  readonly key: string;
  /** The element type, as safetensors names it: `"F32"`, `"BF16"`, `"I64"`, ... */
  readonly dtype: string;
  readonly elements: number;
}

/** A view of a storage; `offset` and `strides` in elements, as in PyTorch. */
export interface StoredTensor {
  readonly kind: "tensor";
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface Dict {
  readonly kind: "dict";
  /** The entries; absent where there are none, since a map takes more memory than many bytes of a pickle. */
  entries?: Map<Value, Value>;
}

export type Value =
  | null
  | boolean
  | number
  | string
  | Dict
  | Storage
  | StoredTensor
  | { readonly kind: "list"; readonly items: Value[] }
  | { readonly kind: "tuple"; readonly items: readonly Value[] }
  | { readonly kind: "global"; readonly name: string };

/**
 * Thrown where the content of a file is not damaged but something else than a state dict: Python can take the weights
 * out of it.
 */
export class ForeignContent extends Error {
  /** The keys that lead to a state dict in it, where that is known. */
  readonly path: readonly string[];

  constructor(message: string, path: readonly string[] = []) {
    super(message);
    this.path = path;
  }
}

/** Names the kind of a value, for messages. */
export function kindOf(value: Value | undefined): string {
  if (value === null) return "None";
  return typeof value === "object" ? value.kind : typeof value;
}

/** Lists every tensor in a value, at whatever depth. */
export function tensorsIn(root: Value): StoredTensor[] {
  const tensors: StoredTensor[] = [];
  const seen = new Set<Value>();
  const waiting: Value[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value.kind === "tensor") tensors.push(value);
    if (value.kind === "list" || value.kind === "tuple") for (const item of value.items) waiting.push(item);
    if (value.kind === "dict") for (const item of value.entries?.values() ?? []) waiting.push(item);
  }
  return tensors;
}

export interface StateDict {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The keys that lead to the dict, such as `["model_state_dict"]`; empty where it is the file's own content. */
  readonly path: readonly string[];
}

/** Usual names of the dict that is meant, where several hold as many tensors. */
const usualNames = ["state_dict", "model_state_dict", "model"];
/** Dicts within each other at most that are looked through. */
const maxDepth = 4;

/**
 * Finds the dict with the most tensors under names, of those that names lead to from `root`; what else stands in it is
 * left out. Throws a `ForeignContent` where there is none, or where two are equally good.
 */
export function findStateDict(root: Value): StateDict {
  const found: StateDict[] = [];
  collect(root, [], found);
  const [best, ...others] = found.sort((a, b) => b.tensors.size - a.tensors.size || numbersIn(b) - numbersIn(a));
  if (best === undefined) throw new ForeignContent(`it holds ${contentOf(root)} and no state dict`);
  const equal = others.filter(
    (other) => other.tensors.size === best.tensors.size && numbersIn(other) === numbersIn(best),
  );
  if (equal.length === 0) return best;
  const candidates = [best, ...equal];
  const usual = usualNames.flatMap((name) => candidates.filter(({ path }) => path.at(-1) === name))[0];
  if (usual !== undefined) return usual;
  const names = candidates.map(({ path }) => `"${path.join(".")}"`);
  throw new ForeignContent(
    `it holds ${names.length} state dicts of the same size, ${names.slice(0, 5).join(", ")}`,
    best.path,
  );
}

/** Counts the numbers in all tensors of a dict. */
const numbersIn = ({ tensors }: StateDict): number =>
  [...tensors.values()].reduce((sum, { shape }) => sum + elementsOf(shape), 0);

function collect(value: Value, path: readonly string[], into: StateDict[]): void {
  if (typeof value !== "object" || value?.kind !== "dict" || path.length > maxDepth) return;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, item] of value.entries ?? []) {
    if (typeof name !== "string") continue;
    if (typeof item === "object" && item?.kind === "tensor") tensors.set(name, item);
    else collect(item, [...path, name], into);
  }
  if (tensors.size > 0) into.push({ tensors, path });
}

function contentOf(root: Value): string {
  if (typeof root !== "object" || root?.kind !== "dict" || root.entries === undefined) return `a ${kindOf(root)}`;
  const keys = [...root.entries.keys()].slice(0, 5).map((key) => (typeof key === "object" ? kindOf(key) : String(key)));
  return `a dict (${keys.join(", ").slice(0, 200)})`;
}
