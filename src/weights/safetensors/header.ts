/**
 * Reads the header of a safetensors file, and checks it by the rules of the reference reader
 * (safetensors/src/tensor.rs, `read_metadata`).
 */
import { bytesPerElement } from "./dtype.ts";
import { JsonScanner, quoted } from "./json.ts";

/** The place of one tensor: `begin` and `end` in bytes from the first byte after the header. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Reads `length` bytes of a file from `position` on. */
type ReadBytes = (position: number, length: number) => Uint8Array<ArrayBuffer>;

/** Bytes of the header at most, as in the reference reader. */
const maxHeaderBytes = 100_000_000;
/** The header is read in pieces of so many bytes. Those that hold names of tensors stay in memory, as V8 keeps their text. */
const pieceBytes = 16_384;
/**
 * The reference reader has no limits here. No model comes near them, and the memory that a header takes has to stay near the
 * size of its file: a tensor's entry takes a thousand bytes at most.
 */
const maxTensors = (fileBytes: number): number => 5_000 + Math.floor(fileBytes / 1000);
const maxDimensions = 64;
const maxNameLength = 10_000;
const maxMetadataLength = 1_000_000;
/** Characters that an entry of the metadata counts for beside its own. */
const entryLength = 32;

/**
 * Reads the header of a file of `fileBytes` bytes, and where its data begins. Throws an Error with what is wrong: the
 * tensors must fill the data from its first byte to the end of the file, without a gap, an overlap or a name that
 * appears twice.
 */
export function readHeader(fileBytes: number, read: ReadBytes): { header: Header; dataStart: number } {
  if (fileBytes < 8) throw new Error(`it has ${fileBytes} bytes, too few for the length of a header`);
  const headerBytes = new DataView(read(0, 8).buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(maxHeaderBytes)) {
    throw new Error(`its header would have ${headerBytes} bytes, at most ${maxHeaderBytes} are allowed`);
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > fileBytes) {
    throw new Error(`its header would have ${headerBytes} bytes, but the file has only ${fileBytes}`);
  }
  const scanner = new JsonScanner(piecesOf(read, 8, dataStart));
  return { header: readEntries(scanner, fileBytes - dataStart, maxTensors(fileBytes)), dataStart };
}

/** Gives the text between two places of a file, piece by piece. */
function piecesOf(read: ReadBytes, start: number, end: number): () => string | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = start;
  let isDone = false;
  return () => {
    if (isDone) return undefined;
    const bytes = read(at, Math.min(pieceBytes, end - at));
    at += bytes.length;
    isDone = at === end;
    try {
      return decoder.decode(bytes, { stream: !isDone });
    } catch (cause) {
      throw new Error("the header is not valid UTF-8", { cause });
    }
  };
}

function readEntries(scanner: JsonScanner, dataBytes: number, limit: number): Header {
  if (scanner.kind() !== "object") {
    scanner.skip();
    throw new Error("the header is not a JSON object");
  }
  const tensors = new Map<string, TensorInfo>();
  let metadata: ReadonlyMap<string, string> | undefined;
  let wrong: string | undefined; // the first tensor's fault is told once all is known to be JSON without a key twice
  scanner.object(maxNameLength, (name) => {
    const isMetadata = name === "__metadata__";
    if (isMetadata ? metadata !== undefined : tensors.has(name)) scanner.fail(`the key ${quoted(name)} appears twice`);
    if (isMetadata) {
      metadata = readMetadata(scanner);
      return;
    }
    const info = readTensorInfo(scanner);
    if (typeof info === "string") wrong ??= `tensor ${quoted(name)}: ${info}`;
    tensors.set(name, typeof info === "string" ? noTensor : info);
    if (tensors.size > limit) throw new Error(`it has more than ${limit} tensors, too many for a file of its size`);
  });
  scanner.end();
  if (wrong !== undefined) throw new Error(wrong);
  const inOrder = isInOrder(tensors) ? tensors : new Map([...tensors].sort(([, a], [, b]) => byPlace(a, b)));
  checkLayout(inOrder, dataBytes);
  return { metadata: metadata ?? new Map(), tensors: inOrder };
}

const byPlace = (a: TensorInfo, b: TensorInfo): number => a.begin - b.begin || a.end - b.end;

/**
 * Tells whether the tensors are in the order of their places, as in nearly every file: a copy of a long list is spared.
 */
function isInOrder(tensors: ReadonlyMap<string, TensorInfo>): boolean {
  let last = noTensor;
  for (const info of tensors.values()) {
    if (byPlace(last, info) > 0) return false;
    last = info;
  }
  return true;
}

function readMetadata(scanner: JsonScanner): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  const kind = scanner.kind();
  if (kind === "other" && scanner.scalar() === null) return metadata;
  if (kind !== "object") throw new Error("__metadata__ is not an object");
  let length = 0;
  scanner.object(maxNameLength, (key) => {
    if (scanner.kind() !== "string") throw new Error(`__metadata__ has a value that is not text, at ${quoted(key)}`);
    const text = scanner.string(maxMetadataLength);
    length += key.length + text.length + entryLength;
    if (length > maxMetadataLength) throw new Error(`__metadata__ has more than ${maxMetadataLength} characters`);
    metadata.set(key, text);
  });
  return metadata;
}

interface Fields {
  dtype?: string | undefined;
  shape?: readonly number[] | undefined;
  data_offsets?: readonly number[] | undefined;
}
const noTensor: TensorInfo = { dtype: "", shape: [], begin: 0, end: 0 };

/**
 * Reads `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`, or says what is wrong with it; other fields mean
 * nothing.
 */
function readTensorInfo(scanner: JsonScanner): TensorInfo | string {
  if (scanner.kind() !== "object") {
    scanner.skip();
    return "its entry is not an object";
  }
  const found: Fields = {};
  scanner.object(maxNameLength, (key) => {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") return scanner.skip();
    if (Object.hasOwn(found, key)) scanner.fail(`the key ${quoted(key)} appears twice`);
    if (key === "dtype") found.dtype = readDtype(scanner);
    else found[key] = readSizes(scanner);
  });
  const { dtype, shape, data_offsets: offsets } = found;
  if (dtype === undefined) return "it has no dtype";
  if (shape === undefined) return "its shape is not a list of integers from 0";
  if (offsets?.length !== 2) return "its data_offsets are not two integers from 0";
  const elementBytes = bytesPerElement.get(dtype);
  if (elementBytes === undefined) {
    return `its dtype ${quoted(dtype)} is none of ${[...bytesPerElement.keys()].join(", ")}`;
  }
  const [begin, end] = offsets as [number, number];
  const bytes = product([...shape, elementBytes]);
  if (bytes === undefined) return `its shape [${listed(shape)}] has more than 2^53 elements`;
  if (end - begin !== bytes) {
    return `its shape [${listed(shape)}] in ${dtype} takes ${bytes} bytes, its data_offsets [${begin}, ${end}] hold ${end - begin}`;
  }
  return { dtype, shape, begin, end };
}

function readDtype(scanner: JsonScanner): string | undefined {
  return scanner.kind() === "string" ? scanner.string(maxNameLength) : void scanner.skip();
}

/** Reads a list of integers from 0; undefined for anything else. */
function readSizes(scanner: JsonScanner): readonly number[] | undefined {
  if (scanner.kind() !== "array") return void scanner.skip();
  const sizes: number[] = [];
  let isGood = true;
  scanner.array(() => {
    const size = scanner.kind() === "other" ? scanner.scalar() : void scanner.skip();
    if (typeof size === "number" && size >= 0) sizes.push(size);
    else isGood = false;
    if (sizes.length > maxDimensions) scanner.fail(`a list of more than ${maxDimensions} sizes`);
  });
  return isGood ? sizes : undefined;
}

/**
 * Multiplies integers; undefined if any step passes 2^53, even if a later factor is 0: the reference reader checks each
 * step too.
 */
function product(factors: readonly number[]): number | undefined {
  let result = 1;
  for (const factor of factors) {
    result *= factor;
    if (!Number.isSafeInteger(result)) return undefined;
  }
  return result;
}

function checkLayout(tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number): void {
  let next = 0;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== next) {
      const what = begin < next ? "overlaps the one before it" : "leaves a gap";
      throw new Error(`tensor ${quoted(name)}: it begins at byte ${begin} where ${next} is due, so it ${what}`);
    }
    next = end;
  }
  if (next !== dataBytes) {
    throw new Error(`the tensors take ${next} bytes, but ${dataBytes} bytes follow the header (cut off, or added to?)`);
  }
}

function listed(shape: readonly number[]): string {
  return shape.length <= 8 ? shape.join(", ") : `${shape.slice(0, 8).join(", ")}, ...`;
}
