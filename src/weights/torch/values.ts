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
  readonly entries: Map<Value, Value>;
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

/** For messages. */
export function kindOf(value: Value | undefined): string {
  if (value === null) return "None";
  return typeof value === "object" ? value.kind : typeof value;
}
