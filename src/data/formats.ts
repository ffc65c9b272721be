/** Tells the format of a data file by its content, not by its name, and which call reads it. */
import { ThawError } from "../errors.ts";

/** The formats that a data set is read from. */
export type DataFormat = "csv" | "jsonl" | "json" | "parquet" | "txt";

interface ForeignFormat {
  /** The format in a sentence, such as "an Excel workbook (.xlsx)". */
  readonly name: string;
  /** A sentence that says what to do with such a file. */
  readonly advice: string;
}

const readAs: Readonly<Record<DataFormat, ForeignFormat>> = {
  csv: { name: "a file of separated values", advice: "Read it with TextDataset.fromCsv." },
  jsonl: { name: "a file of JSON lines, one object a line", advice: "Read it with TextDataset.fromJsonl." },
  json: { name: "one JSON value", advice: "Read it with TextDataset.fromJson." },
  parquet: { name: "a Parquet file", advice: "Read it with TextDataset.fromParquet." },
  txt: { name: "the text of one example", advice: "Read its folder with TextDataset.fromFolder." },
};

const saveAsCsv = 'Save the sheet as "CSV UTF-8" and read that with TextDataset.fromCsv.';
const fromPython = (how: string) =>
  `Convert it in Python, with ${how}.to_parquet("data.parquet"), and read that with TextDataset.fromParquet.`;
const unpack = (how: string) => `Unpack it (${how}) and read the file in it.`;

/** Formats by their first bytes, written as latin1; the first that fits counts. */
const signatures: readonly (readonly [start: string, format: ForeignFormat])[] = [
  ["PAR1", readAs.parquet],
  ["PARE", { name: "an encrypted Parquet file", advice: "Decrypt it first." }],
  ["ARROW1", { name: "an Arrow or Feather file", advice: fromPython('pandas.read_feather("FILE")') }],
  ["\xff\xff\xff\xff", { name: "an Arrow stream", advice: fromPython('datasets.Dataset.from_file("FILE")') }],
  ["FEA1", { name: "a Feather file", advice: fromPython('pandas.read_feather("FILE")') }],
  ["ORC", { name: "an ORC file", advice: fromPython('pandas.read_orc("FILE")') }],
  ["Obj\x01", { name: "an Avro file", advice: "Convert it to Parquet or JSON lines." }],
  ["\x89HDF\r\n", { name: "an HDF5 file", advice: fromPython('pandas.read_hdf("FILE")') }],
  ["\x93NUMPY", { name: "a NumPy array", advice: "Save texts and labels in Python as CSV, JSON lines or Parquet." }],
  [
    "SQLite format 3\0",
    {
      name: "an SQLite database",
      advice: "Export the table: sqlite3 -header -csv FILE 'select * from TABLE' > data.csv.",
    },
  ],
  ["%PDF", { name: "a PDF", advice: "Save what it shows as a table in a CSV file." }],
  ["\xd0\xcf\x11\xe0", { name: "an Excel workbook of the old format (.xls)", advice: saveAsCsv }],
  ["{\\rtf", { name: "a text with formatting (RTF)", advice: "Save it as plain text, in UTF-8." }],
  ["BZh", { name: "packed by bzip2", advice: unpack("bunzip2 FILE") }],
  ["\xfd7zXZ\0", { name: "packed by xz", advice: unpack("unxz FILE") }],
  ["\x28\xb5\x2f\xfd", { name: "packed by zstd", advice: unpack("unzstd FILE") }],
  ["\x04\x22\x4d\x18", { name: "packed by lz4", advice: unpack("unlz4 FILE") }],
  ["7z\xbc\xaf\x27\x1c", { name: "a 7-Zip archive", advice: unpack("7z x FILE") }],
  ["Rar!", { name: "a RAR archive", advice: unpack("unrar x FILE") }],
  ["\x89PNG", { name: "a picture", advice: "Name the file with the texts." }],
  ["\xff\xd8\xff", { name: "a picture", advice: "Name the file with the texts." }],
  ["\x00\x00\xfe\xff", { name: "text in UTF-32", advice: "Save it in UTF-8: iconv -f UTF-32 -t UTF-8." }],
  ["\xff\xfe\x00\x00", { name: "text in UTF-32", advice: "Save it in UTF-8: iconv -f UTF-32 -t UTF-8." }],
];

const pickle: ForeignFormat = {
  name: "a pickle of Python",
  advice: fromPython('pandas.DataFrame(pickle.load(open("FILE", "rb")))'),
};

/**
 * Finds a binary format by its first bytes. A signature that could be the beginning of a text counts only where binary
 * bytes follow.
 */
function binaryFormat(bytes: Buffer): ForeignFormat | undefined {
  const start = bytes.toString("latin1", 0, 16);
  const [signature, signed] = signatures.find(([each]) => start.startsWith(each)) ?? [];
  const isWords = signature !== undefined && /^[A-Z][\w!]+$/i.test(signature);
  if (signed !== undefined && !(isWords && !hasControls(bytes))) return signed;
  if (start.startsWith("PK\x03\x04") || start.startsWith("PK\x05\x06")) return zipFormat(bytes);
  if (bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 9) <= 5) return pickle;
  if (bytes.toString("latin1", 257, 262) === "ustar")
    return { name: "an archive (tar)", advice: unpack("tar xf FILE") };
  return undefined;
}

const hasControls = (bytes: Buffer): boolean => bytes.subarray(0, 1024).some((byte) => byte < 9);

function zipFormat(bytes: Buffer): ForeignFormat {
  if (bytes.includes("xl/workbook")) return { name: "an Excel workbook (.xlsx)", advice: saveAsCsv };
  if (bytes.includes("opendocument.spreadsheet")) return { name: "a spreadsheet (.ods)", advice: saveAsCsv };
  if (bytes.includes("word/document")) return { name: "a Word document", advice: "Save its table as CSV." };
  if (bytes.includes("/data.pkl")) return pickle;
  return { name: "a zip archive", advice: unpack("unzip FILE") };
}

/** Bytes of a file that are looked at as text. */
const headBytes = 1 << 16;

function textFormat(text: string): ForeignFormat | undefined {
  if (/^(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)\b/is.test(text)) {
    return {
      name: "an HTML page, such as a server sends in place of a file",
      advice: "Download the file itself: the address of the raw file, after logging in where that is needed.",
    };
  }
  if (/^<\?xml\b/i.test(text)) return { name: "an XML file", advice: "Convert it to CSV or JSON lines." };
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    return { name: "a pointer of Git LFS, not the file itself", advice: "Fetch the file with git lfs pull." };
  }
  const json = jsonFormat(text);
  return json === undefined ? undefined : readAs[json];
}

/** Tells which of the two JSON formats a text begins like; undefined for neither. */
function jsonFormat(text: string): "jsonl" | "json" | undefined {
  if (/^\[\s*(?:[[{\]]|$)/.test(text)) return "json";
  if (!/^\{\s*(?:"|\}|$)/.test(text)) return undefined;
  const [first = "", second = ""] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (second === "") return isColumns(first) ? "json" : "jsonl";
  return second.startsWith("{") || parsed(first) !== undefined ? "jsonl" : "json";
}

/**
 * Tells whether a line is one object of columns rather than a row; one that is longer than what was looked at, by its
 * start.
 */
function isColumns(line: string): boolean {
  const row = parsed(line);
  if (row === undefined) return /^\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[/.test(line);
  return typeof row === "object" && row !== null && Object.values(row).every(Array.isArray);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/**
 * Throws `WRONG_FORMAT` where the content is another format than `wanted`, with the call that reads it or the way to
 * something that can be read. `decode` turns the first bytes into text.
 */
export function refuseForeign(
  bytes: Buffer,
  path: string,
  wanted: DataFormat,
  decode: (head: Buffer) => string = (head) => head.toString("utf8"),
): void {
  const head = decode(bytes.subarray(0, headBytes)).replace(/^[\ufeff\s]+/, "");
  // an example may be any text, a piece of HTML or JSON too
  const found =
    binaryFormat(bytes) ?? (wanted === "txt" ? undefined : (textFormat(head) ?? valuesInstead(head, wanted)));
  if (found === undefined || found === readAs[wanted]) return;
  if (wanted === "json" && found === readAs.jsonl && !/\n\s*\{/.test(head)) return; // one object: a row or the whole
  throw new ThawError(
    "WRONG_FORMAT",
    `${path} is ${found.name}, not ${readAs[wanted].name}. ${found.advice.replace("FILE", path)}`,
  );
}

/**
 * Names the format of a text that is no JSON where JSON or Parquet is wanted: separated values, as far as anybody can
 * tell.
 */
function valuesInstead(head: string, wanted: DataFormat): ForeignFormat | undefined {
  if (wanted === "csv" || head === "") return undefined;
  if (wanted === "parquet") return readAs.csv;
  const isJson = /^[[{]/.test(head) || parsed(head.split(/\r?\n/)[0] ?? "") !== undefined;
  return isJson ? undefined : readAs.csv;
}
