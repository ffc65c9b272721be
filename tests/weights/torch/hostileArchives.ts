/** Files that could come under the name `pytorch_model.bin`, each with what its refusal must say. */
import { deflateRawSync } from "node:zlib";
import { archiveOf, dict, op, pickleOf, storage, tensor, zipOf } from "./torchArchive.ts";

const good = pickleOf(dict("w", tensor(0, [4], [1])));
const numbers = new Uint8Array(16);
const calls = (module: string, name: string) =>
  archiveOf(pickleOf(op.call(op.global(module, name), op.tuple(op.text("touch thaw-was-here")))));
const data = (directory: object, more: object = {}) =>
  zipOf([
    { name: "a/data.pkl", bytes: good },
    { name: "a/data/0", bytes: numbers, directory, ...more },
  ]);
/** `{ first: a, second: b }` */
const inDict = (first: string, a: Uint8Array, second: string, b: Uint8Array) => [
  ...[Buffer.from("}"), op.text(first), a, Buffer.from("s"), op.text(second), b, Buffer.from("s")],
];
/** An empty dict that is put into the memo under `index` and taken from the stack. */
const remembered = (index: number) =>
  Buffer.concat([Buffer.from("}r"), Buffer.from(Uint32Array.of(index).buffer), Buffer.from("0")]);
const program = (...bytes: readonly number[]) => archiveOf(pickleOf(Buffer.from(bytes)));

/** Behind the magic number of torch before 1.6: version 1001, the machine, the value, the keys, the storages. */
export const legacy = (...parts: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"), ...parts]);
export const version = pickleOf(op.int(1001));
export const machine = pickleOf(dict("little_endian", Buffer.from([0x88])));
export const keys = (key: string) => pickleOf(Buffer.from("]"), op.text(key), Buffer.from("a"));
export const count = (elements: bigint) => Buffer.from(BigUint64Array.of(elements).buffer);
const legacyAttacks: readonly (readonly [name: string, file: Uint8Array, message: RegExp])[] = [
  ["an old file of nothing but its magic number", legacy(), /cut off/],
  ["an old file that calls os.system", legacy(version, machine, pickleOf(op.global("os", "system"))), /"os.system"/],
  ["an old file of another version", legacy(pickleOf(op.int(7))), /unknown version/],
  [
    "an old big-endian file",
    legacy(version, pickleOf(dict("little_endian", Buffer.from([0x89])))),
    /not little-endian/,
  ],
  ["an old file without keys", legacy(version, machine, good, pickleOf(op.int(1))), /no list of storages/],
  [
    "an old file with a storage too many",
    legacy(version, machine, good, keys("9"), count(4n), numbers),
    /belongs to no tensor/,
  ],
  ["an old file of 2^63 numbers", legacy(version, machine, good, keys("0"), count(2n ** 63n), numbers), /cut off/],
  [
    "an old file with too few numbers",
    legacy(version, machine, good, keys("0"), count(3n), numbers),
    /has 12 bytes, 16 are due/,
  ],
  ["an old file with a whole model", legacy(version, machine, pickleOf(op.int(1)), keys("0")), /belongs to no tensor/],
];

export const hostile: readonly (readonly [name: string, file: Uint8Array, message: RegExp])[] = [
  ["os.system", calls("os", "system"), /names "os.system", which is not read/],
  ["posix.system", calls("posix", "system"), /"posix.system"/],
  ["builtins.eval", calls("builtins", "eval"), /"builtins.eval"/],
  ["builtins.exec under Python 2's name", calls("__builtin__", "exec"), /"__builtin__.exec"/],
  ["builtins.getattr", calls("builtins", "getattr"), /"builtins.getattr"/],
  ["subprocess.Popen", calls("subprocess", "Popen"), /"subprocess.Popen"/],
  ["torch.load itself", calls("torch", "load"), /"torch.load"/],
  ["torch.hub.load", calls("torch.hub", "load"), /"torch.hub.load"/],
  ["a whole model", calls("transformers.models.bert.modeling_bert", "BertModel"), /modeling_bert.BertModel/],
  ["the quantised rebuild", calls("torch._utils", "_rebuild_qtensor"), /_rebuild_qtensor/],
  ["the sparse rebuild", calls("torch._utils", "_rebuild_sparse_tensor"), /_rebuild_sparse_tensor/],
  ["a storage of complex numbers", calls("torch", "ComplexFloatStorage"), /torch.ComplexFloatStorage/],
  ["a global of Object.prototype", calls("", "constructor"), /"\.constructor"/],
  ["a dotted name", calls("collections", "OrderedDict.__init__"), /OrderedDict.__init__/],
  ["STACK_GLOBAL", archiveOf(pickleOf(op.text("os"), op.text("system"), Buffer.from([0x93]))), /opcode 0x93/],
  ["INST", archiveOf(pickleOf(Buffer.from("(ios\nsystem\n"))), /opcode 0x69/],
  ["OBJ", program(0x28, 0x6f), /opcode 0x6f/],
  ["NEWOBJ", program(0x29, 0x81), /opcode 0x81/],
  ["EXT1", program(0x82, 1), /opcode 0x82/],
  ["PERSID", archiveOf(pickleOf(Buffer.from("P0\n"))), /opcode 0x50/],
  ["FRAME", program(0x95, 0, 0, 0, 0, 0, 0, 0, 0), /opcode 0x95/],
  ["protocol 4", archiveOf(Buffer.from([0x80, 4, 0x7d, 0x2e])), /protocol 4, only 2/],
  ["protocol 0", archiveOf(Buffer.from("(dp0\n.")), /opcode 0x64/],
  ["an empty pickle", archiveOf(Buffer.alloc(0)), /cut off/],
  ["no STOP", archiveOf(good.subarray(0, -1)), /cut off/],
  ["nothing to STOP with", archiveOf(pickleOf()), /takes a value that is not there/],
  ["values left over", archiveOf(pickleOf(Buffer.from("}}"))), /leaves values over/],
  ["a tuple without a mark", archiveOf(pickleOf(Buffer.from("t"))), /takes a mark that is not there/],
  ["a value from below the mark", archiveOf(pickleOf(Buffer.from("}(0"))), /takes a value that is not there/],
  ["a memo that was never stored", archiveOf(pickleOf(Buffer.from("h\x07"))), /recalls value 7/],
  ["a key without a value", archiveOf(pickleOf(Buffer.from("}(}u"))), /a key without a value/],
  ["items for a list", archiveOf(pickleOf(Buffer.from("](}}u"))), /treats a list as a dict/],
  ["appending to a dict", archiveOf(pickleOf(Buffer.from("}}a"))), /treats a dict as a list/],
  ["BUILD on a tensor", archiveOf(pickleOf(tensor(0, [4], [1]), Buffer.from("}b"))), /treats a tensor as a dict/],
  ["calling a text", archiveOf(pickleOf(op.text("os"), Buffer.from(")R"))), /calls a string/],
  ["a text of 4 GB", archiveOf(pickleOf(Buffer.from("X\xff\xff\xff\xff", "latin1"))), /cut off/],
  [
    "a text that is no UTF-8",
    archiveOf(pickleOf(Buffer.from("X\x01\0\0\0\xff", "latin1"))),
    /encoded data was not valid/,
  ],
  ["an integer of 255 bytes", program(0x8a, 255, ...new Array<number>(255).fill(0x7f)), /above 2\^53/],
  ["a name without an end", archiveOf(pickleOf(Buffer.from(`c${"a".repeat(1000)}`))), /names something without an end/],
  [
    "a dict in itself",
    archiveOf(pickleOf(Buffer.from("}q\0X\x01\0\0\0ah\0s"))),
    /holds a dict \(a\) and no state dict/,
  ],
  ["a list", archiveOf(pickleOf(Buffer.from("]"))), /holds a list and no state dict/],
  ["a number", archiveOf(pickleOf(op.int(3))), /holds a number and no state dict/],
  ["None", archiveOf(pickleOf(Buffer.from("N"))), /holds a None and no state dict/],
  [
    "two state dicts of one size and no usual name",
    archiveOf(
      pickleOf(...inDict("teacher", dict("w", tensor(0, [4], [1])), "student", dict("w", tensor(0, [4], [1])))),
    ),
    /holds 2 state dicts of the same size, "teacher", "student"/,
  ],
  [
    "a number as key",
    archiveOf(pickleOf(Buffer.from("}K\x01"), tensor(0, [4], [1]), Buffer.from("s"))),
    /holds a dict \(1\) and no state dict/,
  ],
  [
    "40,000 dicts in dicts",
    archiveOf(pickleOf(Buffer.from("}X\x01\0\0\0a".repeat(4e4)), Buffer.from("}"), Buffer.from("s".repeat(4e4)))),
    /holds a dict \(a\) and no state dict/,
  ],
  ["a million marks", archiveOf(pickleOf(Buffer.from("(".repeat(1e6)))), /more than 100000 values open/],
  ["a million empty dicts", archiveOf(pickleOf(Buffer.from("}".repeat(1e6)))), /more than 100000 values open/],
  [
    "a million empty dicts, each forgotten again but remembered",
    archiveOf(pickleOf(Buffer.concat(Array.from({ length: 1e6 }, (_, i) => remembered(i))))),
    /more than 200000 texts, tuples, lists and dicts/,
  ],
  [
    "a list of five million numbers",
    archiveOf(pickleOf(Buffer.from("]"), Buffer.from("K\x01a".repeat(5e6)))),
    /more than 200000/,
  ],
  [
    "a tensor past its storage",
    archiveOf(pickleOf(dict("w", tensor(0, [5], [1])))),
    /reaches to element 4 of a storage of 4/,
  ],
  ["a tensor past it by its offset", archiveOf(pickleOf(dict("w", tensor(1, [4], [1])))), /reaches to element 4/],
  ["a tensor past it by its stride", archiveOf(pickleOf(dict("w", tensor(0, [2], [4])))), /reaches to element 4/],
  ["an offset past the storage", archiveOf(pickleOf(dict("w", tensor(5, [0], [1])))), /storage of 4/],
  ["a negative offset", archiveOf(pickleOf(dict("w", tensor(-1, [2], [1])))), /something other than numbers/],
  ["a negative stride", archiveOf(pickleOf(dict("w", tensor(3, [4], [-1])))), /something other than numbers/],
  ["a negative size", archiveOf(pickleOf(dict("w", tensor(0, [-1], [1])))), /something other than numbers/],
  ["fewer strides than sizes", archiveOf(pickleOf(dict("w", tensor(0, [2, 2], [1])))), /2 sizes and 1 strides/],
  [
    "sizes whose product overflows",
    archiveOf(pickleOf(dict("w", tensor(0, [2 ** 30, 2 ** 30], [0, 0])))),
    /reaches to element/,
  ],
  ["2^30 copies of a number", archiveOf(pickleOf(dict("w", tensor(0, [2 ** 30], [0])))), /repeats 4 stored numbers/],
  [
    "a storage larger than its entry",
    archiveOf(pickleOf(dict("w", tensor(0, [4], [1], storage("FloatStorage", "0", 5))))),
    /has 16 bytes, 20 are due/,
  ],
  [
    "a storage smaller than its entry",
    archiveOf(pickleOf(dict("w", tensor(0, [2], [1], storage("FloatStorage", "0", 3))))),
    /has 16 bytes, 12 are due/,
  ],
  [
    "a storage that is not there",
    archiveOf(pickleOf(dict("w", tensor(0, [4], [1], storage("FloatStorage", "1"))))),
    /has no bytes/,
  ],
  [
    "a storage with a path as key",
    archiveOf(pickleOf(dict("w", tensor(0, [4], [1], storage("FloatStorage", "../data.pkl"))))),
    /has no bytes/,
  ],
  [
    "a storage of a type that is no storage",
    archiveOf(
      pickleOf(op.tuple(op.text("storage"), op.text("x"), op.text("0"), op.text("cpu"), op.int(4)), Buffer.from("Q")),
    ),
    /no storage of numbers/,
  ],
  ["big-endian numbers", archiveOf(good, { name: "a/byteorder", bytes: Buffer.from("big") }), /not little-endian/],
  ["a compressed entry", data({ method: 8 }, { bytes: deflateRawSync(numbers) }), /"a\/data\/0" is compressed/],
  ["an encrypted entry", data({ flags: 0x809 }), /encrypted/],
  ["an entry with two sizes", data({ packed: 8 }), /two sizes/],
  ["an entry of 4 GB", data({ packed: 0xfffffff0, unpacked: 0xfffffff0 }), /runs past the data/],
  [
    "an entry of 2^64 bytes without its size",
    data({ packed: 0xffffffff, unpacked: 0xffffffff }),
    /contents is damaged/,
  ],
  ["an entry within another", data({ header: 0 }), /overlaps/],
  ["an entry whose header is elsewhere", data({ header: 5 }), /overlaps|has no header/],
  ["an entry whose header is past the end", data({ header: 0x7fffffff }), /runs past the data/],
  ["an entry with two names", data({}, { localName: "a/data/1" }), /another name in its header/],
  ["two entries of one name", archiveOf(good, { name: "a/data/0", bytes: numbers }), /"a\/data\/0" is there twice/],
  ["an archive without a pickle", zipOf([{ name: "a/data/0", bytes: numbers }]), /without a data.pkl/],
  ["an empty archive", zipOf([]), /no zip archive of torch.save/],
  ["a safetensors file", Buffer.from("\x02\0\0\0\0\0\0\0{}"), /no zip archive/],
  ["an empty file", new Uint8Array(0), /no zip archive/],
  ["a Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), /Git LFS pointer/],
  ...legacyAttacks,
  ["an HDF5 file", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), /no zip archive/],
];
