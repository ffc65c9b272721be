/** The header of a safetensors file, checked by the rules of the reference reader (safetensors/src/tensor.rs, `read_metadata`). */
import { bytesPerElement } from "./dtype.ts";
import { type Json, parseStrictJson, quoted } from "./json.ts";

/** Where one tensor lies: `begin` and `end` in bytes from the first byte after the header. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order in which the tensors lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Bytes of the header at most, as in the reference reader. */
const maxHeaderBytes = 100_000_000;

/** The header of a file of `fileBytes` bytes; `read` gives `length` of them from `position`. Throws an Error. */
export function readHeader(
  fileBytes: number,
  read: (position: number, length: number) => Uint8Array<ArrayBuffer>,
): { header: Header; dataStart: number } {
  if (fileBytes < 8) throw new Error(`it has ${fileBytes} bytes, too few for the length of a header`);
  const headerBytes = new DataView(read(0, 8).buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(maxHeaderBytes)) {
    throw new Error(`its header would have ${headerBytes} bytes, at most ${maxHeaderBytes} are allowed`);
  }
  const dataStart = 8 + Number(headerBytes);
  if (dataStart > fileBytes) {
    throw new Error(`its header would have ${headerBytes} bytes, but the file has only ${fileBytes}`);
  }
  return { header: parseHeader(read(8, Number(headerBytes)), fileBytes - dataStart), dataStart };
}

/**
 * Parses and validates the header bytes of a file with `dataBytes` bytes of data behind them.
 * Throws an Error with what is wrong: the tensors must fill the data from 0 to the end, no gap, no overlap.
 */
function parseHeader(bytes: Uint8Array, dataBytes: number): Header {
  const root = parseStrictJson(decodeUtf8(bytes));
  if (!(root instanceof Map)) throw new Error("the header is not a JSON object");
  const metadata = new Map<string, string>();
  const tensors: [string, TensorInfo][] = [];
  for (const [name, value] of root as ReadonlyMap<string, Json>) {
    if (name === "__metadata__") readMetadata(value, metadata);
    else tensors.push([name, readTensorInfo(name, value)]);
  }
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkLayout(tensors, dataBytes);
  return { metadata, tensors: new Map(tensors) };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error("the header is not valid UTF-8", { cause });
  }
}

function readMetadata(value: Json, into: Map<string, string>): void {
  if (value === null) return;
  if (!(value instanceof Map)) throw new Error("__metadata__ is not an object");
  for (const [key, text] of value as ReadonlyMap<string, Json>) {
    if (typeof text !== "string") throw new Error(`__metadata__ has a value that is not text, at ${quoted(key)}`);
    into.set(key, text);
  }
}

function readTensorInfo(name: string, value: Json): TensorInfo {
  const fail = (what: string): never => {
    throw new Error(`tensor ${quoted(name)}: ${what}`);
  };
  if (!(value instanceof Map)) return fail("its entry is not an object");
  const { dtype, shape, offsets } = {
    dtype: value.get("dtype"),
    shape: value.get("shape"),
    offsets: value.get("data_offsets"),
  };
  if (typeof dtype !== "string") return fail("it has no dtype");
  if (!isSizes(shape)) return fail("its shape is not a list of integers from 0");
  if (!isSizes(offsets) || offsets.length !== 2) return fail("its data_offsets are not two integers from 0");
  const elementBytes = bytesPerElement.get(dtype);
  if (elementBytes === undefined) {
    return fail(`its dtype ${quoted(dtype)} is none of ${[...bytesPerElement.keys()].join(", ")}`);
  }
  const [begin, end] = offsets as readonly [number, number];
  const bytes = product([...shape, elementBytes]);
  if (bytes === undefined) return fail(`its shape [${listed(shape)}] has more than 2^53 elements`);
  if (end - begin !== bytes) {
    return fail(
      `its shape [${listed(shape)}] in ${dtype} takes ${bytes} bytes, its data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

function isSizes(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isInteger(size) && size >= 0);
}

/** Undefined if any step passes 2^53, even if a later factor is 0: the reference reader checks each step too. */
function product(factors: readonly number[]): number | undefined {
  let result = 1;
  for (const factor of factors) {
    result *= factor;
    if (!Number.isSafeInteger(result)) return undefined;
  }
  return result;
}

function checkLayout(tensors: readonly (readonly [string, TensorInfo])[], dataBytes: number): void {
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
