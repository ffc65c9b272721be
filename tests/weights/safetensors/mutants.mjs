/**
 * Safetensors files that are wrong in one to three places, most of them in the structure of the header: the n-th is the
 * same on every machine. Run by itself, `node mutants.mjs SEED COUNT` prints them, each behind its length (4 bytes, LE).
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @typedef {ReturnType<typeof random>} Generator */
/** @typedef {[key: string, value: string | string[]]} Field The value is a text, or a list of texts. */
/** @typedef {{ name: string, fields: Field[], raw?: string }} TensorEntry */

/**
 * @typedef {object} MutantFile A file as parts that can be broken one by one.
 * @property {TensorEntry[]} tensors
 * @property {string | string[][] | undefined} metadata
 * @property {number} dataBytes
 * @property {string} trailing
 * @property {number} lengthShift
 * @property {() => string} gap
 * @property {boolean} [metadataTwice]
 * @property {string} [root]
 * @property {[at: number, byte: number]} [rawByte]
 * @property {number} [cut]
 */

/** A linear congruential generator, so that a mutant is named by its seed. @param {number} seed */
function random(seed) {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1442695040888963407n;
  const below = (/** @type {number} */ n) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(n));
  };
  /** @type {<T>(list: readonly T[]) => T} */
  const pick = (list) => /** @type {typeof list[number]} */ (list[below(list.length)]);
  return { below, pick, chance: (/** @type {number} */ percent) => below(100) < percent };
}

const sizes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};
const names = [
  "a",
  "b",
  "weight",
  "x.y",
  "",
  "1",
  "10",
  "__proto__",
  "constructor",
  "ü",
  "☃",
  "𝔘",
  "a b",
  "\\u0061",
  "\\n",
  "\\ud83d\\ude00",
  "__metadata",
];
const oddNumbers = [
  "-1",
  "-0",
  "0",
  "1",
  "2",
  "4",
  "1.0",
  "1e0",
  "1E2",
  "01",
  "+1",
  ".5",
  "1.",
  "0x1",
  "1_0",
  "4294967296",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "18446744073709551615",
  "18446744073709551616",
  "-9223372036854775808",
  "1e400",
  "-1e400",
  "1e-400",
  "0.1e1",
  "NaN",
  "Infinity",
];
const oddValues = [
  ...oddNumbers,
  "true",
  "false",
  "null",
  '""',
  '"1"',
  "[]",
  "[1]",
  "{}",
  '{"a":1}',
  "tru",
  "'a'",
  "[1,]",
  "[,1]",
  "[1 2]",
  "{a:1}",
  "undefined",
  '"\\q"',
];
const oddDtypes = [
  '"F32"',
  '"f32"',
  '"F31"',
  '"F4"',
  '"F6_E2M3"',
  '"F6_E3M2"',
  '"F8_E8M0"',
  '"C64"',
  '"BF16"',
  '"I64"',
  '"U8"',
  '" F32"',
  '"F32\\u0000"',
  '"\\u004632"',
  "32",
  "null",
  "[]",
  '{"F32":null}',
  '"constructor"',
];
const spaces = ["", " ", "\t", "\n", "\r\n", "  ", "\v", "\f", "\u00a0", "\ufeff", "/**/", "\0"];
const oddNames = [
  "\\ud800",
  "\\udc00\\ud800",
  "\\u00zz",
  "\\x41",
  "\\",
  "\u0001",
  "\n",
  "\ud800",
  "\\u0000",
  "\\/",
  "a\\u0061",
  "\\ud83dx",
];

/** A right file: tensors one behind the other, fields as texts so that each can be broken. @param {Generator} generator @returns {MutantFile} */
function right({ below, pick, chance }) {
  /** @type {TensorEntry[]} */
  const tensors = [];
  let at = 0;
  for (let i = below(5); i > 0; i--) {
    const dtype = pick(/** @type {(keyof typeof sizes)[]} */ (Object.keys(sizes)));
    const shape = Array.from({ length: below(4) }, () => (chance(10) ? 0 : 1 + below(4)));
    const end = at + shape.reduce((product, n) => product * n, sizes[dtype]);
    tensors.push({
      name: `${pick(names)}${chance(80) ? i : ""}`,
      fields: [
        ["dtype", `"${dtype}"`],
        ["shape", shape.map(String)],
        ["data_offsets", [String(at), String(end)]],
      ],
    });
    at = end;
  }
  const metadata = chance(40)
    ? [
        ['"format"', '"pt"'],
        ['"k"', '"v\\n"'],
      ].slice(0, 1 + below(2))
    : undefined;
  return {
    tensors,
    metadata,
    dataBytes: at,
    trailing: "",
    lengthShift: 0,
    gap: () => (chance(15) ? pick(spaces.slice(0, 6)) : ""),
  };
}

/**
 * Breaks a file in one place.
 * @param {MutantFile} file
 * @param {Generator} generator
 */
function mutate(file, { below, pick, chance }) {
  const tensor = file.tensors[below(Math.max(1, file.tensors.length))];
  const fields = tensor?.fields;
  const field = fields?.[below(Math.max(1, fields.length))];
  const inList = (/** @type {string[]} */ list, /** @type {string} */ value) => {
    if (list.length === 0 || chance(15)) list.push(value);
    else list[below(list.length)] = value;
  };
  const nested = (/** @type {number} */ depth) =>
    chance(50) ? "[".repeat(depth) + "]".repeat(depth) : `${'{"a":'.repeat(depth)}0${"}".repeat(depth)}`;
  const mutations = [
    () => {
      file.dataBytes = Math.max(0, file.dataBytes + pick([-8, -4, -1, 1, 4, 8]));
    },
    () => {
      file.lengthShift = pick([-8, -2, -1, 1, 2, 8, 1000, 2 ** 31, 2 ** 53]);
    },
    () => {
      file.trailing = pick(["}", " x", ",", "\0", " ", "\n\t", "{}", "\ufeff"]);
    },
    () => {
      file.metadata = pick([
        undefined,
        [['"a"', "1"]],
        [['"a"', "null"]],
        [
          ['"a"', '"1"'],
          ['"a"', '"2"'],
        ],
        [["a", '"b"']],
        [['"a"', '{"b":"c"}']],
        "null",
        "[]",
        '"x"',
        "3",
      ]);
    },
    () => {
      file.metadataTwice = true;
    },
    () => {
      file.root = pick(["[]", "null", "3", '"x"', "", "{", "[{}]"]);
    },
    () => {
      file.rawByte = [below(1000), below(256)];
    },
    () => {
      file.cut = below(200);
    },
    () => {
      file.gap = () => (chance(10) ? pick(spaces) : "");
    },
  ];
  if (tensor !== undefined && fields !== undefined && field !== undefined) {
    const [first = field, second, third] = fields;
    mutations.push(
      () => {
        tensor.name = pick(chance(50) ? names : oddNames);
      },
      () => {
        tensor.name = pick(["__metadata__", String(file.tensors[0]?.name)]);
      },
      () => {
        first[1] = pick(oddDtypes);
      },
      () => {
        if (Array.isArray(second?.[1])) inList(second[1], pick(chance(50) ? oddNumbers : oddValues));
      },
      () => {
        if (Array.isArray(third?.[1])) inList(third[1], pick(chance(50) ? oddNumbers : oddValues));
      },
      () => {
        if (Array.isArray(third?.[1])) third[1] = third[1].map((n) => String(Number(n) + pick([-4, -1, 0, 1, 4])));
      },
      () => {
        if (Array.isArray(second?.[1])) second[1] = [...second[1], pick(["1", "0", "2"])];
      },
      () => {
        field[1] = pick(oddValues);
      },
      () => {
        field[0] = pick(["Dtype", "shape", "dtype", "data_offset", "dtyp\\u0065", ""]);
      },
      () => {
        fields.splice(below(fields.length), 1);
      },
      () => {
        fields.push([field[0], field[1]]);
      },
      () => {
        fields.push(["extra", pick(oddValues)]);
      },
      () => {
        fields.push(["extra", nested(pick([1, 5, 120, 123, 124, 125, 126, 127, 128, 129, 130, 400]))]);
      },
      () => {
        fields.reverse();
      },
      () => {
        file.tensors.reverse();
      },
      () => {
        file.tensors.push({ name: tensor.name, fields: fields.map(([key, value]) => [key, value]) });
      },
      () => {
        tensor.fields = pick([[], undefined]) ?? fields.slice(0, 1);
      },
      () => {
        tensor.raw = pick(oddValues);
      },
    );
  }
  pick(mutations)();
}

/** @param {MutantFile} file */
function bytesOf(file) {
  const gap = file.gap;
  const list = (/** @type {string | string[]} */ value) =>
    Array.isArray(value) ? `[${gap()}${value.join(`${gap()},${gap()}`)}${gap()}]` : value;
  const object = (/** @type {readonly string[]} */ entries) => `{${gap()}${entries.join(`${gap()},${gap()}`)}${gap()}}`;
  const metadata = Array.isArray(file.metadata)
    ? object(file.metadata.map(([key, value]) => `${key}${gap()}:${gap()}${value}`))
    : file.metadata;
  const entries = file.tensors.map(
    ({ name, fields, raw }) =>
      `"${name}":${gap()}${raw ?? object(fields.map(([key, value]) => `"${key}"${gap()}:${gap()}${list(value)}`))}`,
  );
  if (metadata !== undefined)
    entries.unshift(...Array.from({ length: file.metadataTwice ? 2 : 1 }, () => `"__metadata__":${metadata}`));
  const header = Buffer.from(`${gap()}${file.root ?? object(entries)}${file.trailing}`);
  if (file.rawByte !== undefined && header.length > 0) header[file.rawByte[0] % header.length] = file.rawByte[1];
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Math.max(0, header.length + file.lengthShift)));
  const bytes = Buffer.concat([length, header, Buffer.alloc(Math.min(file.dataBytes, 100_000))]);
  return file.cut === undefined ? bytes : bytes.subarray(0, file.cut);
}

/** The mutant of this seed; one in twenty is a right file. @param {number} seed */
export function mutant(seed) {
  const generator = random(seed);
  const file = right(generator);
  const count = generator.pick([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
  for (let i = 0; i < count; i++) mutate(file, generator);
  return bytesOf(file);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [seed = Number.NaN, count = Number.NaN] = process.argv.slice(2).map(Number);
  /** @type {Buffer[]} */
  let pieces = [];
  for (let i = 0; i < count; i++) {
    const bytes = mutant(seed + i);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    pieces.push(length, bytes);
    if (pieces.length < 4000 && i < count - 1) continue;
    const isWritten = process.stdout.write(Buffer.concat(pieces));
    pieces = [];
    if (!isWritten) await new Promise((done) => process.stdout.once("drain", done));
  }
}
