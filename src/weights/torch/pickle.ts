/**
 * An interpreter of pickle programs (protocol 2, as `torch.save` writes them) that gives data and runs nothing: it knows
 * the opcodes that a state dict needs and refuses all others, and names no function but those in `rebuild.ts`.
 * Opcodes: CPython, Lib/pickletools.py.
 */
import { isAllowedGlobal, rebuild, storageOf } from "./rebuild.ts";
import { type Dict, kindOf, type Value } from "./values.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const noItems: readonly Value[] = [];

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
  let at = start;

  const take = (length: number): number => {
    if (at + length > bytes.length) throw new Error("its pickle is cut off");
    at += length;
    return at - length;
  };
  const pop = (): Value => {
    const value = stack.length > (marks.at(-1) ?? 0) ? stack.pop() : undefined;
    if (value === undefined) throw new Error(`its pickle takes a value that is not there, at byte ${at}`);
    return value;
  };
  const popTuple = (length: number): void => {
    const items = Array.from({ length }, pop).reverse();
    stack.push({ kind: "tuple", items });
  };
  const popToMark = (): Value[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new Error(`its pickle takes a mark that is not there, at byte ${at}`);
    return stack.splice(mark);
  };
  const top = (): Value => {
    const value = pop();
    stack.push(value);
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
    stack.push(value);
  };
  const setItems = (items: readonly Value[]): void => {
    const { entries } = dictOf(top());
    if (items.length % 2 !== 0) throw new Error("its pickle has a key without a value");
    for (let i = 0; i < items.length; i += 2) entries.set(items[i] as Value, items[i + 1] as Value);
  };

  for (;;) {
    const opcode = bytes[take(1)] as number;
    switch (opcode) {
      case 0x80: {
        const protocol = bytes[take(1)] as number; // PROTO
        if (protocol !== 2) throw new Error(`its pickle has protocol ${protocol}, only 2 is read`);
        break;
      }
      case 0x2e: {
        const value = pop(); // STOP
        if (stack.length > 0) throw new Error("its pickle leaves values over");
        return { value, end: at };
      }
      case 0x28: // MARK
        marks.push(stack.length);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(view.getUint8(take(1)));
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(take(2), true));
        break;
      case 0x8a: {
        const length = bytes[take(1)] as number; // LONG1
        const start = take(length);
        stack.push(longOf(bytes.subarray(start, start + length)));
        break;
      }
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x58: {
        const length = view.getUint32(take(4), true); // BINUNICODE
        const start = take(length);
        stack.push(utf8.decode(bytes.subarray(start, start + length)));
        break;
      }
      case 0x29: // EMPTY_TUPLE
        stack.push({ kind: "tuple", items: noItems });
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        popTuple(opcode - 0x84);
        break;
      case 0x74: // TUPLE
        stack.push({ kind: "tuple", items: popToMark() });
        break;
      case 0x5d: // EMPTY_LIST
        stack.push({ kind: "list", items: [] });
        break;
      case 0x61: // APPEND
        append([pop()], top());
        break;
      case 0x65: // APPENDS
        append(popToMark(), top());
        break;
      case 0x7d: // EMPTY_DICT
        stack.push({ kind: "dict", entries: new Map() });
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
        memo.set(bytes[take(1)] as number, top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(view.getUint32(take(4), true), top());
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
          throw new Error(`it names ${JSON.stringify(name.replace(" ", "."))}, which is not read`);
        stack.push({ kind: "global", name });
        break;
      }
      case 0x51: // BINPERSID
        stack.push(storageOf(pop()));
        break;
      case 0x52: {
        const args = pop(); // REDUCE
        stack.push(rebuild(pop(), args));
        break;
      }
      case 0x62: // BUILD: attributes of an OrderedDict (`_metadata`: versions of modules), of no use here
        pop();
        dictOf(top());
        break;
      default:
        throw new Error(`its pickle has the opcode 0x${opcode.toString(16).padStart(2, "0")}, which is not read`);
    }
  }
}

function dictOf(value: Value): Dict {
  if (typeof value === "object" && value?.kind === "dict") return value;
  throw new Error(`its pickle treats a ${kindOf(value)} as a dict`);
}

function append(items: readonly Value[], list: Value): void {
  if (typeof list !== "object" || list?.kind !== "list")
    throw new Error(`its pickle treats a ${kindOf(list)} as a list`);
  for (const item of items) list.items.push(item);
}

/** Little-endian two's complement of any length. */
function longOf(bytes: Uint8Array): number {
  const magnitude = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  const value = (bytes.at(-1) ?? 0) >= 0x80 ? magnitude - 256 ** bytes.length : magnitude;
  if (!Number.isSafeInteger(value)) throw new Error("its pickle has an integer above 2^53");
  return value;
}
