/**
 * An interpreter of pickle programs (protocol 2, as `torch.save` writes them) that gives data and runs nothing: it knows
 * the opcodes that a state dict needs and refuses all others, and names no function but those in `rebuild.ts`.
 * Opcodes: CPython, Lib/pickletools.py.
 */
import { isAllowedGlobal, rebuild, storageOf } from "./rebuild.ts";
import { type Dict, ForeignContent, kindOf, type Value } from "./values.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const noItems: readonly Value[] = [];

/**
 * Texts, tuples, lists, dicts, their items and memo entries at most: a state dict has some 25 for each tensor. A hostile
 * pickle makes one with every byte, and would take a hundred times its own size.
 */
const maxObjects = 200_000;
/** Values at most that wait for the tuple, list or dict that they belong to. */
const maxStack = 100_000;

/** The value that a pickle describes. Throws an Error with the opcode or the global that it refuses. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>): Value {
  return unpickleAt(bytes, 0).value;
}

/** Of several pickles in a row the one that begins at byte `start`; `end` is the first byte behind it. */
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

/** Little-endian two's complement of any length. */
function longOf(bytes: Uint8Array): number {
  const magnitude = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  const value = (bytes.at(-1) ?? 0) >= 0x80 ? magnitude - 256 ** bytes.length : magnitude;
  if (!Number.isSafeInteger(value)) throw new Error("its pickle has an integer above 2^53");
  return value;
}
