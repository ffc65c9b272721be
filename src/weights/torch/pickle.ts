/**
 * An interpreter of pickle programs (protocol 2, as `torch.save` writes them) that gives data and runs nothing: it
 * knows the opcodes that a state dict needs and refuses all others, and names no function but the few below that a
 * state dict needs. Opcodes: CPython, Lib/pickletools.py.
 */
import { elementsOf } from "../../tensor/shape.ts";
import { type Dict, ForeignContent, kindOf, type Storage, type StoredTensor, type Value } from "./stateDict.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const noItems: readonly Value[] = [];

/**
 * Texts, tuples, lists, dicts, their items and memo entries at most: a state dict has some 25 for each tensor. A hostile
 * pickle makes one with every byte, and would take a hundred times its own size.
 */
const maxObjects = 200_000;
/** Values at most that wait for the tuple, list or dict that they belong to. */
const maxStack = 100_000;

/** Reads the value that a pickle describes. Throws an Error with the opcode or the global that it refuses. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>): Value {
  return unpickleAt(bytes, 0).value;
}

/** Reads the pickle that begins at byte `start`, of several in a row; `end` is the first byte behind it. */
export function unpickleAt(bytes: Uint8Array<ArrayBuffer>, start: number): { value: Value; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: Value[] = [];
  const marks: number[] = [];
  const memo = new Map<number, Value>();
  let objects = 0;
  let at = start;

  const count = (more = 1): void => {
    objects += more;
    if (objects > maxObjects)
      throw new Error(`its pickle holds more than ${maxObjects} texts, tuples, lists and dicts`);
  };
  const checkRoom = (): void => {
    if (stack.length + marks.length >= maxStack) throw new Error(`its pickle keeps more than ${maxStack} values open`);
  };
  const push = (value: Value): void => {
    checkRoom();
    stack.push(value);
  };
  const make = (value: Value, items = 0): void => {
    count(1 + items);
    push(value);
  };
  const makeTuple = (items: readonly Value[]): void => make({ kind: "tuple", items }, items.length);
  const remember = (index: number): void => {
    if (!memo.has(index)) count();
    memo.set(index, top());
  };
  const take = (length: number): number => {
    if (at + length > bytes.length) throw new Error("its pickle is cut off");
    at += length;
    return at - length;
  };
  const pop = (): Value => {
    const value = top();
    stack.pop();
    return value;
  };
  const popToMark = (): Value[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new Error(`its pickle takes a mark that is not there, at byte ${at}`);
    return stack.splice(mark);
  };
  const top = (): Value => {
    const value = stack.length > (marks.at(-1) ?? 0) ? stack.at(-1) : undefined;
    if (value === undefined) throw new Error(`its pickle takes a value that is not there, at byte ${at}`);
    return value;
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0 || end - at > 200) throw new Error("its pickle names something without an end");
    const text = utf8.decode(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined) throw new Error(`its pickle recalls value ${index}, which it never stored`);
    push(value);
  };
  const append = (items: readonly Value[]): void => {
    const list = top();
    if (typeof list !== "object" || list?.kind !== "list") {
      throw new Error(`its pickle treats a ${kindOf(list)} as a list`);
    }
    count(items.length);
    for (const item of items) list.items.push(item);
  };
  const setItems = (items: readonly Value[]): void => {
    const dict = dictOf(top());
    if (items.length % 2 !== 0) throw new Error("its pickle has a key without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] as Value;
      if (!dict.entries?.has(key)) count();
      dict.entries ??= new Map();
      dict.entries.set(key, items[i + 1] as Value);
    }
  };

  for (;;) {
    const opcode = bytes[take(1)] as number;
    switch (opcode) {
      case 0x80: {
        const protocol = bytes[take(1)] as number; // PROTO
        if (protocol !== 2) throw new ForeignContent(`its pickle has protocol ${protocol}, only 2 is read`);
        break;
      }
      case 0x2e: {
        const value = pop(); // STOP
        if (stack.length > 0) throw new Error("its pickle leaves values over");
        return { value, end: at };
      }
      case 0x28: // MARK
        checkRoom();
        marks.push(stack.length);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
        push(true);
        break;
      case 0x89: // NEWFALSE
        push(false);
        break;
      case 0x4a: // BININT
        push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        push(view.getUint8(take(1)));
        break;
      case 0x4d: // BININT2
        push(view.getUint16(take(2), true));
        break;
      case 0x8a: {
        const length = bytes[take(1)] as number; // LONG1
        const start = take(length);
        push(longOf(bytes.subarray(start, start + length)));
        break;
      }
      case 0x47: // BINFLOAT
        push(view.getFloat64(take(8), false));
        break;
      case 0x58: {
        const length = view.getUint32(take(4), true); // BINUNICODE
        const start = take(length);
        make(utf8.decode(bytes.subarray(start, start + length)));
        break;
      }
      case 0x29: // EMPTY_TUPLE
        makeTuple(noItems);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        makeTuple(Array.from({ length: opcode - 0x84 }, pop).reverse());
        break;
      case 0x74: // TUPLE
        makeTuple(popToMark());
        break;
      case 0x5d: // EMPTY_LIST
        make({ kind: "list", items: [] });
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x7d: // EMPTY_DICT
        make({ kind: "dict" });
        break;
      case 0x73: {
        const value = pop(); // SETITEM
        setItems([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        remember(bytes[take(1)] as number);
        break;
      case 0x72: // LONG_BINPUT
        remember(view.getUint32(take(4), true));
        break;
      case 0x68: // BINGET
        recall(bytes[take(1)] as number);
        break;
      case 0x6a: // LONG_BINGET
        recall(view.getUint32(take(4), true));
        break;
      case 0x63: {
        const name = `${line()} ${line()}`; // GLOBAL
        if (!isAllowedGlobal(name))
          throw new ForeignContent(`it names ${JSON.stringify(name.replace(" ", "."))}, which is not read`);
        make({ kind: "global", name });
        break;
      }
      case 0x51: // BINPERSID
        make(storageOf(pop()));
        break;
      case 0x52: {
        const args = pop(); // REDUCE
        make(rebuild(pop(), args));
        break;
      }
      case 0x62: // BUILD: attributes of an OrderedDict (`_metadata`: versions of modules), of no use here
        pop();
        dictOf(top());
        break;
      default:
        throw new ForeignContent(
          `its pickle has the opcode 0x${opcode.toString(16).padStart(2, "0")}, which is not read`,
        );
    }
  }
}

function dictOf(value: Value): Dict {
  if (typeof value === "object" && value?.kind === "dict") return value;
  throw new Error(`its pickle treats a ${kindOf(value)} as a dict`);
}

/** Reads an integer in little-endian two's complement, of any length. */
function longOf(bytes: Uint8Array): number {
  const magnitude = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  const value = (bytes.at(-1) ?? 0) >= 0x80 ? magnitude - 256 ** bytes.length : magnitude;
  if (!Number.isSafeInteger(value)) throw new Error("its pickle has an integer above 2^53");
  return value;
}

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

/** Tells whether a pickle may name it at all. `name` is module and name, with a space between, as in the file. */
function isAllowedGlobal(name: string): boolean {
  return functions.includes(name) || storageTypes.has(name);
}

/** Makes the data that calling an allowed global would give. Throws an Error if the arguments do not fit. */
function rebuild(called: Value, args: Value): Value {
  const name = typeof called === "object" && called?.kind === "global" ? called.name : undefined;
  const items = typeof args === "object" && args?.kind === "tuple" ? args.items : undefined;
  if (name === "collections OrderedDict" && items?.length === 0) return { kind: "dict" };
  if (name === "torch._utils _rebuild_tensor_v2" && items !== undefined) return tensorOf(items);
  if (name === "torch._utils _rebuild_parameter" && isTensor(items?.[0])) return items[0];
  throw new ForeignContent(
    `it calls ${name?.replace(" ", ".") ?? `a ${kindOf(called)}`} with arguments that no state dict has`,
  );
}

/** Reads `("storage", torch.FloatStorage, "0", "cpu", 24)` as a storage; before torch 1.6 with None behind it. */
function storageOf(id: Value): Storage {
  const [word, type, key, , elements, view = null] = typeof id === "object" && id?.kind === "tuple" ? id.items : [];
  const dtype = typeof type === "object" && type?.kind === "global" ? storageTypes.get(type.name) : undefined;
  if (word !== "storage" || dtype === undefined || typeof key !== "string" || !isSize(elements) || view !== null) {
    throw new ForeignContent("it refers to something that is no storage of numbers");
  }
  return { kind: "storage", key, dtype, elements };
}

/** Reads `(storage, offset, size, stride, requires_grad, hooks)` as a tensor, checked against the storage. */
function tensorOf([storage, offset, size, stride]: readonly Value[]): StoredTensor {
  const shape = sizesOf(size);
  const strides = sizesOf(stride);
  if (typeof storage !== "object" || storage?.kind !== "storage" || !isSize(offset) || !shape || !strides) {
    throw new Error("a tensor in it is described by something other than numbers");
  }
  if (shape.length !== strides.length || shape.length > 64) {
    throw new Error(`a tensor in it has ${shape.length} sizes and ${strides.length} strides`);
  }
  const count = elementsOf(shape);
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
