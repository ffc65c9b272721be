/** The few Python functions and classes that a state dict names, and what they mean as data. */
import { ForeignContent, kindOf, type Storage, type StoredTensor, type Value } from "./values.ts";

/** Storage classes of torch -> element types as safetensors names them. */
const storageTypes: ReadonlyMap<string, string> = new Map([
  ["torch FloatStorage", "F32"],
  ["torch HalfStorage", "F16"],
  ["torch BFloat16Storage", "BF16"],
  ["torch DoubleStorage", "F64"],
  ["torch LongStorage", "I64"],
  ["torch IntStorage", "I32"],
  ["torch ShortStorage", "I16"],
  ["torch CharStorage", "I8"],
  ["torch ByteStorage", "U8"],
  ["torch BoolStorage", "BOOL"],
]);

const functions = ["collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"];

/** Whether a pickle may name it at all. `name` is module and name, with a space between, as in the file. */
export function isAllowedGlobal(name: string): boolean {
  return functions.includes(name) || storageTypes.has(name);
}

/** What calling an allowed global would give. Throws an Error if the arguments do not fit. */
export function rebuild(called: Value, args: Value): Value {
  const name = typeof called === "object" && called?.kind === "global" ? called.name : undefined;
  const items = typeof args === "object" && args?.kind === "tuple" ? args.items : undefined;
  if (name === "collections OrderedDict" && items?.length === 0) return { kind: "dict" };
  if (name === "torch._utils _rebuild_tensor_v2" && items !== undefined) return tensorOf(items);
  if (name === "torch._utils _rebuild_parameter" && isTensor(items?.[0])) return items[0];
  throw new ForeignContent(
    `it calls ${name?.replace(" ", ".") ?? `a ${kindOf(called)}`} with arguments that no state dict has`,
  );
}

/** `("storage", torch.FloatStorage, "0", "cpu", 24)` -> the storage; before torch 1.6 with None behind it. */
export function storageOf(id: Value): Storage {
  const [word, type, key, , elements, view = null] = typeof id === "object" && id?.kind === "tuple" ? id.items : [];
  const dtype = typeof type === "object" && type?.kind === "global" ? storageTypes.get(type.name) : undefined;
  if (word !== "storage" || dtype === undefined || typeof key !== "string" || !isSize(elements) || view !== null) {
    throw new ForeignContent("it refers to something that is no storage of numbers");
  }
  return { kind: "storage", key, dtype, elements };
}

/** `(storage, offset, size, stride, requires_grad, hooks)`, checked against the storage. */
function tensorOf([storage, offset, size, stride]: readonly Value[]): StoredTensor {
  const shape = sizesOf(size);
  const strides = sizesOf(stride);
  if (typeof storage !== "object" || storage?.kind !== "storage" || !isSize(offset) || !shape || !strides) {
    throw new Error("a tensor in it is described by something other than numbers");
  }
  if (shape.length !== strides.length || shape.length > 64) {
    throw new Error(`a tensor in it has ${shape.length} sizes and ${strides.length} strides`);
  }
  const count = shape.reduce((product, n) => product * n, 1);
  const last = shape.reduce((index, n, axis) => index + (n - 1) * (strides[axis] as number), offset);
  if (!Number.isSafeInteger(count) || (count > 0 && !(last < storage.elements)) || offset > storage.elements) {
    throw new Error(
      `a tensor of shape [${shape.join(", ")}] in it reaches to element ${last} of a storage of ${storage.elements}`,
    );
  }
  return { kind: "tensor", storage, offset, shape, strides };
}

function sizesOf(value: Value | undefined): readonly number[] | undefined {
  const items = typeof value === "object" && value?.kind === "tuple" ? value.items : undefined;
  return items?.every(isSize) ? items : undefined;
}

function isSize(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTensor(value: Value | undefined): value is StoredTensor {
  return typeof value === "object" && value?.kind === "tensor";
}
