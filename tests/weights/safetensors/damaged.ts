/** Damaged safetensors files, each with what its refusal must say. */

/** A file with this header text, then this many zero bytes. */
export function fileOf(header: string | Uint8Array, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const body = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength ?? BigInt(body.length));
  return Buffer.concat([length, body, Buffer.alloc(dataBytes)]);
}

const entry = (name: string, shape: string, offsets: string, dtype = '"F32"') =>
  `${JSON.stringify(name)}:{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const one = entry("a", "[1]", "[0,4]");

export const damaged: readonly (readonly [name: string, file: Uint8Array, message: RegExp])[] = [
  ["an empty file", new Uint8Array(0), /has 0 bytes, too few/],
  ["seven bytes", new Uint8Array(7), /has 7 bytes, too few/],
  ["a header length of 0", fileOf(""), /expected a value, found the end/],
  ["a header longer than the file", fileOf("{}", 0, 3n), /would have 3 bytes, but the file has only 10/],
  ["a header length of 2^64 - 1", fileOf("{}", 0, 2n ** 64n - 1n), /at most 100000000/],
  ["a header length of 100,000,001", fileOf("{}", 0, 100_000_001n), /at most 100000000/],
  ["a header that is cut off", fileOf(`{${one}`, 4), /expected ",", found the end/],
  ["a byte order mark", fileOf(`\ufeff{${one}}`, 4), /expected a value/],
  ["bytes that are no UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /not valid UTF-8/],
  ["an overlong UTF-8 slash", fileOf(Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d)), /not valid UTF-8/],
  ["half of a surrogate pair", fileOf(`{"\\ud800":${one.slice(4)}}`, 4), /surrogate/],
  ["a list instead of an object", fileOf("[]"), /not a JSON object/],
  ["text after the object", fileOf(`{${one}}x`, 4), /expected the end, found "x"/],
  ["a comma too many", fileOf(`{${one},}`, 4), /expected "\\"", found "}"/],
  ["single quotes", fileOf("{'a':1}"), /expected/],
  ["a comment", fileOf(`{/**/${one}}`, 4), /expected/],
  ["a line break in a name", fileOf(`{"a\n":1}`), /a string with "\\n" in it/],
  ["an unknown escape", fileOf('{"\\x41":1}'), /unknown escape/],
  ["a short unicode escape", fileOf('{"\\u41":1}'), /unknown escape/],
  ["a name that appears twice", fileOf(`{${one},${one}}`, 4), /"a" appears twice/],
  ["a name that appears twice, once escaped", fileOf(`{${one},"\\u0061"${one.slice(3)}}`, 4), /"a" appears twice/],
  [
    "a field that appears twice",
    fileOf('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
    /twice/,
  ],
  ["metadata that appears twice", fileOf(`{"__metadata__":{},"__metadata__":{},${one}}`, 4), /twice/],
  ["metadata that is no object", fileOf(`{"__metadata__":[],${one}}`, 4), /__metadata__ is not an object/],
  ["metadata with a number", fileOf(`{"__metadata__":{"epoch":3},${one}}`, 4), /not text, at "epoch"/],
  ["100,000 nested lists", fileOf(`{"a":${"[".repeat(100_000)}`), /nested deeper than 127/],
  ["100,000 nested objects", fileOf('{"a":'.repeat(100_000)), /nested deeper than 127/],
  ["an entry that is a number", fileOf('{"a":1}'), /tensor "a": its entry is not an object/],
  ["an entry called __proto__ that is no tensor", fileOf('{"__proto__":{}}'), /tensor "__proto__": it has no dtype/],
  ["no dtype", fileOf('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), /no dtype/],
  ["an unknown dtype", fileOf(`{${entry("a", "[1]", "[0,4]", '"F31"')}}`, 4), /"F31" is none of BOOL/],
  ["a dtype in small letters", fileOf(`{${entry("a", "[1]", "[0,4]", '"f32"')}}`, 4), /"f32" is none of/],
  ["a dtype of Object.prototype", fileOf(`{${entry("a", "[1]", "[0,4]", '"constructor"')}}`, 4), /none of/],
  ["a dtype that is a number", fileOf(`{${entry("a", "[1]", "[0,4]", "32")}}`, 4), /no dtype/],
  ["no shape", fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), /shape is not a list/],
  ["a negative size", fileOf(`{${entry("a", "[-1]", "[0,4]")}}`, 4), /shape is not a list/],
  ["two negative sizes", fileOf(`{${entry("a", "[-1,-1]", "[0,4]")}}`, 4), /shape is not a list/],
  ["a size with a fraction", fileOf(`{${entry("a", "[1.0]", "[0,4]")}}`, 4), /shape is not a list/],
  ["a size with an exponent", fileOf(`{${entry("a", "[1e0]", "[0,4]")}}`, 4), /shape is not a list/],
  ["a size of minus zero", fileOf(`{${entry("a", "[-0]", "[0,0]")}}`), /shape is not a list/],
  ["a size with a leading zero", fileOf(`{${entry("a", "[01]", "[0,4]")}}`, 4), /"01" is no JSON/],
  ["a size of 2^53 + 1", fileOf(`{${entry("a", "[9007199254740993]", "[0,4]")}}`, 4), /above 2\^53/],
  ["a size of 1e400", fileOf(`{${entry("a", "[1e400]", "[0,4]")}}`, 4), /too large/],
  ["a size of true", fileOf(`{${entry("a", "[true]", "[0,4]")}}`, 4), /shape is not a list/],
  ["sizes whose product overflows", fileOf(`{${entry("a", "[4294967296,4294967296]", "[0,4]")}}`, 4), /2\^53 elements/],
  ["an overflow hidden by a zero", fileOf(`{${entry("a", "[4294967296,4294967296,0]", "[0,0]")}}`), /2\^53 elements/],
  ["a shape smaller than the data", fileOf(`{${entry("a", "[1]", "[0,8]")}}`, 8), /takes 4 bytes, .* hold 8/],
  ["a shape larger than the data", fileOf(`{${entry("a", "[3]", "[0,8]")}}`, 8), /takes 12 bytes, .* hold 8/],
  ["offsets that run backwards", fileOf(`{${entry("a", "[1]", "[4,0]")}}`, 4), /hold -4/],
  ["a negative offset", fileOf(`{${entry("a", "[1]", "[-4,0]")}}`, 4), /data_offsets are not two/],
  ["three offsets", fileOf(`{${entry("a", "[1]", "[0,4,8]")}}`, 4), /data_offsets are not two/],
  ["no offsets", fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4), /data_offsets are not two/],
  [
    "data that does not begin at 0",
    fileOf(`{${entry("a", "[1]", "[4,8]")}}`, 8),
    /begins at byte 4 where 0 is due.*gap/,
  ],
  ["a gap", fileOf(`{${one},${entry("b", "[1]", "[8,12]")}}`, 12), /"b": .* leaves a gap/],
  ["an overlap", fileOf(`{${one},${entry("b", "[1]", "[2,6]")}}`, 6), /"b": .* overlaps/],
  ["two tensors in one place", fileOf(`{${one},${entry("b", "[1]", "[0,4]")}}`, 4), /"b": .* overlaps/],
  ["data that is cut off", fileOf(`{${one}}`, 3), /take 4 bytes, but 3 bytes follow/],
  ["data with more behind it", fileOf(`{${one}}`, 5), /take 4 bytes, but 5 bytes follow/],
  ["a zip archive (pytorch_model.bin)", Buffer.from("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00"), /at most 100000000/],
  ["a Git LFS pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), /at most 100000000/],
];
