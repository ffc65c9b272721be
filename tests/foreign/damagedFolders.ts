/** 200 folders of a model with one damaged file each: of its tokenizer, its config.json, its weights. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { goldenPath } from "../golden/read.ts";

export type Json = Record<string, unknown>;

export interface DamagedFolder {
  readonly title: string;
  /** What is loaded. */
  readonly part: "tokenizer" | "model";
  /** Makes the folder below `root` and returns its path. */
  readonly make: (root: string) => string;
  /** The codes that are right. */
  readonly codes: readonly string[];
  /** What still happens instead of an error. */
  readonly notYet?: string;
}

type Change = (folder: string) => void;

/** A folder of the tiny BERT, or of another tokenizer with its own settings, then changed. */
const folder =
  (base: string, change: Change) =>
  (root: string): string => {
    const made = mkdtempSync(join(root, "damaged-"));
    cpSync(goldenPath(base), made, { recursive: true });
    change(made);
    return made;
  };

const tokenizer = (title: string, change: Change, base = "bert-tiny"): DamagedFolder => ({
  title,
  part: "tokenizer",
  make: folder(base, change),
  codes: ["BAD_TOKENIZER", "MISSING_FILE"],
});

const read = (path: string): Json => JSON.parse(readFileSync(path, "utf8")) as Json;
const write = (path: string, json: unknown) => writeFileSync(path, JSON.stringify(json));

/** Changes the file, which the generic class runs as it is. */
function asItIs(title: string, family: string, change: (json: Json) => unknown): DamagedFolder {
  return tokenizer(
    title,
    (made) => {
      const [file, config] = [join(made, "tokenizer.json"), join(made, "tokenizer_config.json")];
      write(config, { ...read(config), tokenizer_class: "PreTrainedTokenizerFast" });
      const json = read(file);
      const changed = change(json);
      writeFileSync(file, typeof changed === "string" ? changed : JSON.stringify(changed ?? json));
    },
    `tokenizer-settings/${family}`,
  );
}

const withModel = (model: Json) => (json: Json) => ({ ...json, model: { ...(json.model as Json), ...model } });
const withPart = (name: string, part: unknown) => (json: Json) => ({ ...json, [name]: part });
const split = (Regex: string) =>
  withPart("pre_tokenizer", { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const replaced = (count: number, pattern: Json, content: string) =>
  withPart("normalizer", {
    type: "Sequence",
    normalizers: Array.from({ length: count }, () => ({ type: "Replace", pattern, content })),
  });
const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce((inner: unknown) => ({ type: "Sequence", normalizers: [inner] }), {
    type: "Lowercase",
  });
const template = (change: (template: Json) => Json) => (json: Json) => ({
  ...json,
  post_processor: change(json.post_processor as Json),
});
const charsMap = (bytes: string) => withPart("normalizer", { type: "Precompiled", precompiled_charsmap: bytes });

/** What no file of a folder should be; the same for every file. */
function kindsOf(file: string): [what: string, change: Change][] {
  const path = (made: string) => join(made, file);
  const instead =
    (content: string | Uint8Array): Change =>
    (made) =>
      writeFileSync(path(made), content);
  return [
    ["is empty", instead("")],
    ["is no JSON", instead("hello world")],
    ["is cut off", (made) => truncateSync(path(made), Math.floor(readFileSync(path(made)).length / 2))],
    ["is a web page", instead("<!DOCTYPE html>\n<html><body>401 Unauthorized</body></html>")],
    ["is a pointer of Git LFS", instead("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 437955512\n")],
    ["is UTF-16", (made) => writeFileSync(path(made), `\ufeff${readFileSync(path(made), "utf8")}`, "utf16le")],
    ["begins with a byte order mark", (made) => writeFileSync(path(made), `\ufeff${readFileSync(path(made), "utf8")}`)],
    [
      "is no UTF-8",
      (made) =>
        writeFileSync(path(made), Buffer.concat([readFileSync(path(made)).subarray(0, -3), Buffer.from([0xff, 0xfe])])),
    ],
    ["is compressed", (made) => writeFileSync(path(made), gzipSync(readFileSync(path(made))))],
    ["is a list", instead("[1]")],
    ["is null", instead("null")],
    ["is a number", instead("1e400")],
    ["is nested 100,000 deep", instead(`${'{"a":'.repeat(1e5)}1${"}".repeat(1e5)}`)],
    ["opens 100,000 lists", instead("[".repeat(1e5))],
    ["holds ten million empty objects", instead(`[${"{},".repeat(1e7)}{}]`)],
    ["is a named pipe", (made) => [rmSync(path(made)), execFileSync("mkfifo", [path(made)])]],
    ["is a folder", (made) => [rmSync(path(made)), mkdirSync(path(made))]],
    ["is an endless device", (made) => [rmSync(path(made)), symlinkSync("/dev/zero", path(made))]],
    ["is a terminal", (made) => [rmSync(path(made)), symlinkSync("/dev/ptmx", path(made))]],
    ["is a link to itself", (made) => [rmSync(path(made)), symlinkSync(file, path(made))]],
    ["has three gigabytes of nothing", (made) => sparse(path(made), 3e9)],
  ];
}

function sparse(path: string, bytes: number): void {
  closeSync(openSync(path, "w"));
  truncateSync(path, bytes);
}

const wholeFiles = ["tokenizer.json", "tokenizer_config.json"].flatMap((file) =>
  kindsOf(file).map(([what, change]) => tokenizer(`${file} ${what}`, change)),
);

const cutOff = Array.from({ length: 10 }, (_, i) =>
  tokenizer(`tokenizer.json ends after ${i + 1} of 11 parts`, (made) => {
    const file = join(made, "tokenizer.json");
    truncateSync(file, Math.floor((readFileSync(file).length * (i + 1)) / 11));
  }),
);

const tokenizerParts: DamagedFolder[] = [
  ...(
    [
      ["has no model", (json) => ({ ...json, model: undefined })],
      ["has a model of an unknown type", withModel({ type: "Nonsense" })],
      ["has no vocabulary", withModel({ vocab: undefined })],
      ["has a vocabulary that is a number", withModel({ vocab: 7 })],
      ["has a negative id", withModel({ vocab: { "[UNK]": -1 } })],
      ["has an id of 2^32", withModel({ vocab: { "[UNK]": 2 ** 32 } })],
      ["has an id of 2^53", withModel({ vocab: { "[UNK]": 2 ** 53 } })],
      ["has half an id", withModel({ vocab: { "[UNK]": 0.5 } })],
      ["has a word as an id", withModel({ vocab: { "[UNK]": "0" } })],
      ["has an unknown token that its vocabulary lacks", withModel({ unk_token: "[NOTHING]" })],
      ["has no unknown token", withModel({ unk_token: null })],
      ["takes words of -1 letters", withModel({ max_input_chars_per_word: -1 })],
      ["has a template that names a token without an id", template((each) => ({ ...each, special_tokens: {} }))],
      [
        "has a template with a token of no ids",
        template((each) => ({ ...each, special_tokens: { "[CLS]": { id: "[CLS]" }, "[SEP]": { id: "[SEP]" } } })),
      ],
      ["has a template without a text", template((each) => ({ ...each, single: [] }))],
      ["has a template that is no list", template((each) => ({ ...each, single: "[CLS] $A [SEP]" }))],
      [
        "has a template with a text twice",
        template((each) => ({
          ...each,
          single: [...(each.single as unknown[]), { Sequence: { id: "A", type_id: 0 } }],
        })),
      ],
      ["has a post-processor of an unknown type", template(() => ({ type: "Nonsense" }))],
      [
        "has a RobertaProcessing without ids",
        template(() => ({ type: "RobertaProcessing", sep: "x", cls: "y", trim_offsets: true, add_prefix_space: true })),
      ],
      ["has a normaliser of an unknown type", withPart("normalizer", { type: "Nonsense" })],
      ["has a normaliser that is a list", withPart("normalizer", [1, 2])],
      ["has a BertNormalizer without its settings", withPart("normalizer", { type: "BertNormalizer" })],
      [
        "replaces by a pattern that is none",
        withPart("normalizer", { type: "Replace", pattern: { Regex: "(" }, content: "" }),
      ],
      ["doubles every a forty times", replaced(40, { String: "a" }, "aa")],
      ["makes eight letters of each, sixty times", replaced(60, { Regex: "." }, "aaaaaaaa")],
      ["doubles by patterns that look ahead", replaced(40, { Regex: "(?=a)" }, "aa")],
      [
        "prepends a megabyte a hundred times",
        (json) => ({
          ...json,
          normalizer: {
            type: "Sequence",
            normalizers: Array.from({ length: 500 }, () => ({ type: "Prepend", prepend: "a".repeat(20_000) })),
          },
        }),
      ],
      ["nests its normalisers ninety deep", withPart("normalizer", nested(90))],
      ["has a pre-tokenizer of an unknown type", withPart("pre_tokenizer", { type: "Nonsense" })],
      ["cuts into pieces of no length", withPart("pre_tokenizer", { type: "FixedLength", length: 0 })],
      ["cuts into pieces of length -1", withPart("pre_tokenizer", { type: "FixedLength", length: -1 })],
      ["splits by a pattern that is none", split("[")],
      ["splits by a pattern that repeats a repetition", split("(a+)+$")],
      ["splits by a pattern with two ways for each letter", split("(a|aa)+$")],
      ["splits by a pattern that refers to itself", split("(?<x>a\\g<x>*)$")],
      [
        "splits at a character of two letters",
        withPart("pre_tokenizer", { type: "CharDelimiterSplit", delimiter: "ab" }),
      ],
      ["splits at no character", withPart("pre_tokenizer", { type: "CharDelimiterSplit", delimiter: "" })],
      ["has a decoder of an unknown type", withPart("decoder", { type: "Nonsense" })],
      ["has added tokens that are no list", withPart("added_tokens", { a: 1 })],
      ["has an added token without an id", withPart("added_tokens", [{ content: "[X]" }])],
      ["has an added token without a content", withPart("added_tokens", [{ id: 1 }])],
      ["has an added token that is a word", withPart("added_tokens", ["[X]"])],
      ["has half of an emoji as a token", (json) => JSON.stringify(json).replaceAll("[MASK]", "\\ud83d")],
      [
        "cuts to -1 tokens",
        withPart("truncation", { max_length: -1, strategy: "LongestFirst", stride: 0, direction: "Right" }),
      ],
      [
        "cuts by an unknown strategy",
        withPart("truncation", { max_length: 8, strategy: "Nonsense", stride: 0, direction: "Right" }),
      ],
      [
        "pads to -1 tokens",
        withPart("padding", {
          strategy: { Fixed: -1 },
          direction: "Left",
          pad_to_multiple_of: null,
          pad_id: 0,
          pad_type_id: 0,
          pad_token: "x",
        }),
      ],
      [
        "pads on a third side",
        withPart("padding", {
          strategy: "BatchLongest",
          direction: "Up",
          pad_to_multiple_of: null,
          pad_id: 0,
          pad_type_id: 0,
          pad_token: "x",
        }),
      ],
    ] as [string, (json: Json) => unknown][]
  ).map(([what, change]) => asItIs(`tokenizer.json ${what}`, "bert", change)),
  ...(
    [
      ["an empty table of characters", charsMap("")],
      ["a table of characters that is no base 64", charsMap("!!!")],
      [
        "a table of random characters",
        charsMap(Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 97) % 256)).toString("base64")),
      ],
      ["a table of characters of 4 GB", charsMap(Buffer.from([255, 255, 255, 255, 1, 2, 3, 4]).toString("base64"))],
      ["no pieces", withModel({ vocab: [] })],
      ["pieces without scores", withModel({ vocab: [["a"], ["b"]] })],
      [
        "scores that are no numbers",
        withModel({
          vocab: [
            ["<unk>", null],
            ["b", null],
          ],
        }),
      ],
      ["an unknown piece beyond its end", withModel({ unk_id: 1e6 })],
      ["a negative unknown piece", withModel({ unk_id: -1 })],
      ["no unknown piece, and none for these letters", withModel({ unk_id: null, vocab: [["b", 0]] })],
      [
        "spaces written as nothing",
        withPart("pre_tokenizer", { type: "Metaspace", replacement: "", prepend_scheme: "always", split: true }),
      ],
      [
        "spaces written as two letters",
        withPart("pre_tokenizer", { type: "Metaspace", replacement: "ab", prepend_scheme: "always", split: true }),
      ],
    ] as [string, (json: Json) => unknown][]
  ).map(([what, change]) => asItIs(`tokenizer.json of pieces has ${what}`, "xlm-roberta", change)),
  ...(
    [
      ["merges of unknown tokens", withModel({ merges: [["qq", "zz"]] })],
      ["merges of three tokens", withModel({ merges: [["a", "b", "c"]] })],
      ["merges that are a word", withModel({ merges: "a b" })],
      ["a dropout of 2", withModel({ dropout: 2 })],
      ["a prefix that is a number", withModel({ continuing_subword_prefix: 7 })],
    ] as [string, (json: Json) => unknown][]
  ).map(([what, change]) => asItIs(`tokenizer.json of merges has ${what}`, "roberta", change)),
];

const setting = (title: string, settings: Json, base = "bert-tiny"): DamagedFolder =>
  tokenizer(
    `tokenizer_config.json ${title}`,
    (made) => {
      const path = join(made, "tokenizer_config.json");
      write(path, { ...read(path), ...settings });
    },
    base,
  );

const settings: DamagedFolder[] = [
  setting("says do_lower_case by a word", { do_lower_case: "false" }),
  setting("says strip_accents by a number", { strip_accents: 1 }),
  setting("says tokenize_chinese_chars by null", { tokenize_chinese_chars: null }),
  setting("has texts of many tokens", { model_max_length: "many" }),
  setting("has texts of -5 tokens", { model_max_length: -5 }),
  setting("has texts of half a token", { model_max_length: 0.5 }),
  setting("cuts above", { truncation_side: "above" }),
  setting("pads with a number for a side", { padding_side: 1 }),
  setting("is of a class that runs in Python alone", { tokenizer_class: "BertJapaneseTokenizer" }),
  setting("is of a class for another vocabulary", { tokenizer_class: "XLNetTokenizer" }),
  setting("has no end of a text", { sep_token: null }, "tokenizer-settings/roberta"),
  setting("has an end that ALBERT's vocabulary lacks", { sep_token: "[END]" }, "tokenizer-settings/albert"),
  setting("has an unknown piece that is a word", { unk_id: "0" }, "tokenizer-settings/xlnet"),
  setting("has an unknown piece beyond the vocabulary", { unk_id: 99_999 }, "tokenizer-settings/xlnet"),
  setting("says add_prefix_space by null", { add_prefix_space: null }, "tokenizer-settings/roberta"),
];

const vocabulary = (title: string, kind: string, file: string, content: string | Uint8Array): DamagedFolder =>
  tokenizer(title, (made) => writeFileSync(join(made, file), content), `tokenizers/${kind}`);

const vocabularies: DamagedFolder[] = [
  vocabulary("vocab.txt is no UTF-8", "bert", "vocab.txt", Uint8Array.of(0x61, 0xff)),
  vocabulary("vocab.txt has none of the special tokens", "bert", "vocab.txt", "a\nb\n"),
  tokenizer(
    "vocab.txt is a named pipe",
    (made) => [rmSync(join(made, "vocab.txt")), execFileSync("mkfifo", [join(made, "vocab.txt")])],
    "tokenizers/bert",
  ),
  tokenizer("vocab.txt has a gigabyte", (made) => sparse(join(made, "vocab.txt"), 1e9), "tokenizers/bert"),
  tokenizer("vocab.txt is missing", (made) => rmSync(join(made, "vocab.txt")), "tokenizers/bert"),
  vocabulary("vocab.json is a list", "roberta", "vocab.json", "[]"),
  vocabulary("vocab.json gives a token no id", "roberta", "vocab.json", '{"a":-1}'),
  vocabulary("merges.txt has a line of three tokens", "roberta", "merges.txt", "#version: 0.2\na b c\n"),
  vocabulary("merges.txt has unknown tokens", "roberta", "merges.txt", "qq zz\n"),
  vocabulary("spiece.model is empty", "xlnet", "spiece.model", ""),
  vocabulary("spiece.model is a text", "xlnet", "spiece.model", "hello world"),
  vocabulary(
    "spiece.model has a field of 2 GB",
    "xlnet",
    "spiece.model",
    Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f),
  ),
  vocabulary("spiece.model opens 10,000 groups", "xlnet", "spiece.model", new Uint8Array(10_000).fill(0x0b)),
  vocabulary(
    "spiece.model is of another algorithm",
    "xlnet",
    "spiece.model",
    Uint8Array.of(0x0a, 3, 0x0a, 1, 0x61, 0x12, 2, 0x18, 2),
  ),
  tokenizer(
    "spm.model is an endless device",
    (made) => [rmSync(join(made, "spm.model")), symlinkSync("/dev/zero", join(made, "spm.model"))],
    "tokenizers/deberta-v2",
  ),
  tokenizer(
    "sentencepiece.bpe.model has two gigabytes",
    (made) => sparse(join(made, "sentencepiece.bpe.model"), 2e9),
    "tokenizers/xlm-roberta",
  ),
];

const model = (title: string, change: Change, codes: readonly string[]): DamagedFolder => ({
  title,
  part: "model",
  make: folder("bert-tiny", change),
  codes,
});

const configs: DamagedFolder[] = [
  ...kindsOf("config.json").map(([what, change]) =>
    model(`config.json ${what}`, change, ["BAD_CONFIG", "MISSING_FILE"]),
  ),
  ...(
    [
      [{ num_hidden_layers: 1e7 }],
      [{ num_hidden_layers: 2 ** 32 }],
      [{ num_hidden_layers: -1 }],
      [{ num_hidden_layers: "3" }],
      [{ vocab_size: 2e8 }],
      [{ vocab_size: 0 }],
      [{ hidden_size: 2 ** 32 }],
      [{ hidden_size: 33 }],
      [{ num_attention_heads: 0 }],
      [{ intermediate_size: 1e12 }],
      [{ max_position_embeddings: 1e9 }],
      [{ type_vocab_size: 1e9 }],
      [{ num_labels: 4e8, id2label: undefined, label2id: undefined }],
      [{ hidden_act: "no function" }],
      [{ model_type: "no family" }],
      [{ model_type: undefined }],
      [{ layer_norm_eps: "small" }],
      [{ pad_token_id: 1e9 }],
    ] as [Json][]
  ).map(([keys]) =>
    model(
      `config.json has ${JSON.stringify(keys)}`,
      (made) => write(join(made, "config.json"), { ...read(join(made, "config.json")), ...keys }),
      ["BAD_CONFIG", "BAD_SHAPE", "UNKNOWN_FAMILY", "BAD_CHECKPOINT", "MISSING_FILE"],
    ),
  ),
];

const weights = (title: string, change: Change, file = "model.safetensors"): DamagedFolder =>
  model(
    `${file} ${title}`,
    (made) => {
      if (file === "pytorch_model.bin") {
        rmSync(join(made, "model.safetensors"));
        cpSync(goldenPath("bert-tiny-bin/pytorch_model.bin"), join(made, file));
      }
      change(made);
    },
    ["BAD_SAFETENSORS", "BAD_PICKLE", "WRONG_FORMAT", "MISSING_FILE", "BAD_CHECKPOINT", "BAD_SHAPE", "BAD_DTYPE"],
  );

/** A header of this text, and `data` bytes behind it. */
const header =
  (text: string, data = 64): Change =>
  (made) => {
    const bytes = Buffer.alloc(8 + Buffer.byteLength(text) + data);
    bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    bytes.write(text, 8);
    writeFileSync(join(made, "model.safetensors"), bytes);
  };
const tensor = (part: Json) =>
  JSON.stringify({ "classifier.bias": { dtype: "F32", shape: [3], data_offsets: [0, 12], ...part } });
const cutTo =
  (file: string, share: number): Change =>
  (made) =>
    truncateSync(join(made, file), Math.floor(readFileSync(join(made, file)).length * share));

const weightFiles: DamagedFolder[] = [
  weights("is empty", (made) => writeFileSync(join(made, "model.safetensors"), "")),
  ...[0.01, 0.3, 0.6, 0.999].map((share) =>
    weights(`is cut to ${share} of its length`, cutTo("model.safetensors", share)),
  ),
  weights("has a header of 2^60 bytes", (made) =>
    writeFileSync(join(made, "model.safetensors"), Buffer.from([0, 0, 0, 0, 0, 0, 0, 16, 123, 125])),
  ),
  weights(
    "has a header of 99 MB of empty objects",
    header(`{${Array.from({ length: 5e6 }, (_, i) => `"a${i}":{}`).join(",")}}`),
  ),
  weights("has a header nested 100,000 deep", header(`{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}`)),
  weights("has a header that is no JSON", header("hello world")),
  weights("has a tensor of an unknown type", header(tensor({ dtype: "F3" }))),
  weights("has a tensor that begins after the end", header(tensor({ data_offsets: [1e9, 1e9 + 12] }))),
  weights("has a tensor of the wrong size", header(tensor({ shape: [4e9, 4e9] }))),
  weights("has a tensor of a negative size", header(tensor({ shape: [-3] }))),
  weights("is a named pipe", (made) => [
    rmSync(join(made, "model.safetensors")),
    execFileSync("mkfifo", [join(made, "model.safetensors")]),
  ]),
  weights("is a folder", (made) => [
    rmSync(join(made, "model.safetensors")),
    mkdirSync(join(made, "model.safetensors")),
  ]),
  weights("is an endless device", (made) => [
    rmSync(join(made, "model.safetensors")),
    symlinkSync("/dev/zero", join(made, "model.safetensors")),
  ]),
  weights("has three gigabytes of nothing", (made) => sparse(join(made, "model.safetensors"), 3e9)),
  weights("is a web page", (made) => writeFileSync(join(made, "model.safetensors"), "<!DOCTYPE html><html></html>")),
  ...[0.1, 0.5, 0.9].map((share) =>
    weights(`is cut to ${share} of its length`, cutTo("pytorch_model.bin", share), "pytorch_model.bin"),
  ),
  weights(
    "is a program for Python",
    (made) => writeFileSync(join(made, "pytorch_model.bin"), "cposix\nsystem\n(S'true'\ntR."),
    "pytorch_model.bin",
  ),
  weights(
    "is a pickle of 16 MB of lists",
    (made) =>
      writeFileSync(
        join(made, "pytorch_model.bin"),
        Buffer.concat([
          Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"),
          Buffer.from("]".repeat(16e6)),
          Buffer.from("."),
        ]),
      ),
    "pytorch_model.bin",
  ),
];

/** What the readers of config.json and weights do not stand yet. */
const notYet: ReadonlyMap<string, string> = new Map([
  ["config.json holds ten million empty objects", "takes 1 GB"],
  ["config.json is a named pipe", "waits for ever"],
  ["config.json is an endless device", "takes 640 MB"],
  ["config.json is a terminal", "waits for ever"],
  ['config.json has {"num_hidden_layers":10000000}', "takes minutes and gigabytes"],
  ['config.json has {"num_hidden_layers":4294967296}', "is a raw RangeError"],
  ['config.json has {"num_labels":400000000}', "takes minutes and gigabytes"],
  ["model.safetensors has a header of 99 MB of empty objects", "takes a minute and gigabytes"],
  ["pytorch_model.bin is a pickle of 16 MB of lists", "takes 1.6 GB"],
]);

export const damagedFolders: readonly DamagedFolder[] = [
  ...wholeFiles,
  ...cutOff,
  ...tokenizerParts,
  ...settings,
  ...vocabularies,
  ...configs,
  ...weightFiles,
].map((each) => ({ ...each, ...(notYet.has(each.title) && { notYet: notYet.get(each.title) as string }) }));
