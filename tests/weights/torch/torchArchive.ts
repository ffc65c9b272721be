/** Builds archives as `torch.save` lays them out, good ones and damaged ones, byte by byte. */

export interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the directory says where it is to be wrong. */
  readonly directory?: Partial<Record<"method" | "flags" | "packed" | "unpacked" | "header", number>>;
  readonly localName?: string;
}

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);

/** A zip archive of stored entries. */
export function zipOf(entries: readonly Entry[], comment = ""): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, directory: wrong = {}, localName = name } of entries) {
    const local = Buffer.concat([
      u32(0x04034b50),
      Buffer.alloc(22),
      u16(Buffer.byteLength(localName)),
      u16(0),
      Buffer.from(localName),
    ]);
    directory.push(
      u32(0x02014b50),
      u16(0),
      u16(0),
      u16(wrong.flags ?? 0x808),
      u16(wrong.method ?? 0),
      Buffer.alloc(8),
      u32(wrong.packed ?? bytes.length),
      u32(wrong.unpacked ?? bytes.length),
      u16(Buffer.byteLength(name)),
      Buffer.alloc(12),
      u32(wrong.header ?? at),
      Buffer.from(name),
    );
    parts.push(local, Buffer.from(bytes));
    at += local.length + bytes.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.concat([
    u32(0x06054b50),
    Buffer.alloc(4),
    u16(entries.length),
    u16(entries.length),
    u32(listing.length),
    u32(at),
    u16(comment.length),
    Buffer.from(comment),
  ]);
  return Buffer.concat([...parts, listing, end]);
}

/** An archive with this pickle and one storage "0" of four float32 numbers: 1, 2, 3, 4. */
export function archiveOf(pickle: Uint8Array, ...more: readonly Entry[]): Buffer {
  const numbers = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  return zipOf([{ name: "a/data.pkl", bytes: pickle }, { name: "a/data/0", bytes: numbers }, ...more]);
}

/** Pieces of a pickle program. */
export const op = {
  start: Buffer.from([0x80, 2]),
  stop: Buffer.from("."),
  text: (text: string) => Buffer.concat([Buffer.from("X"), u32(Buffer.byteLength(text)), Buffer.from(text)]),
  global: (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`),
  int: (value: number) => Buffer.concat([Buffer.from("J"), Buffer.from(Int32Array.of(value).buffer)]),
  tuple: (...items: readonly Uint8Array[]) => Buffer.concat([Buffer.from("("), ...items, Buffer.from("t")]),
  call: (callee: Uint8Array, args: Uint8Array) => Buffer.concat([callee, args, Buffer.from("R")]),
};

export const pickleOf = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([op.start, ...parts, op.stop]);

const orderedDict = op.call(op.global("collections", "OrderedDict"), Buffer.from(")"));

export function storage(type = "FloatStorage", key = "0", elements = 4): Buffer {
  const id = op.tuple(op.text("storage"), op.global("torch", type), op.text(key), op.text("cpu"), op.int(elements));
  return Buffer.concat([id, Buffer.from("Q")]);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict())` */
export function tensor(offset: number, size: readonly number[], stride: readonly number[], of = storage()): Buffer {
  const sizes = (list: readonly number[]) => op.tuple(...list.map(op.int));
  const args = op.tuple(of, op.int(offset), sizes(size), sizes(stride), Buffer.from([0x89]), orderedDict);
  return op.call(op.global("torch._utils", "_rebuild_tensor_v2"), args);
}

/** `{ name: value }` */
export function dict(name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from("}"), op.text(name), value, Buffer.from("s")]);
}
