/** What a pickled state dict can consist of. Data only: nothing here is ever called. */

/** A range of numbers in the archive, shared by the tensors that are views of it. */
export interface Storage {
  readonly kind: "storage";
  /** Name of its entry under `data/`. */
  readonly key: string;
  /** As safetensors names it: `"F32"`, `"BF16"`, `"I64"`, ... */
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
  /** Absent where it is empty: a map takes more memory than many bytes of a pickle. */
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

/** What a file holds is not damaged but something else than a state dict: Python can take the weights out of it. */
export class ForeignContent extends Error {
  /** The keys that lead to a state dict in it, where that is known. */
  readonly path: readonly string[];

  constructor(message: string, path: readonly string[] = []) {
    super(message);
    this.path = path;
  }
}

/** For messages. */
export function kindOf(value: Value | undefined): string {
  if (value === null) return "None";
  return typeof value === "object" ? value.kind : typeof value;
}

/** Every tensor in a value, at whatever depth. */
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
