/** Reads the two formats of `torch.save`: a value, and where in the file its storages lie. */
import { readAt } from "../../platform/files.ts";
import { bytesPerElement } from "../safetensors/dtype.ts";
import { unpickle, unpickleAt } from "./pickle.ts";
import { tensorsIn, type Value } from "./stateDict.ts";
import { readZipEntries } from "./zip.ts";

/** A range of the file, in bytes. */
export interface Place {
  readonly begin: number;
  readonly end: number;
}

export interface Archive {
  readonly root: Value;
  /** Finds the bytes of a storage, by its key. */
  readonly placeOf: (key: string) => Place | undefined;
}

/** Bytes of a pickle at most; that of a model with 100,000 tensors has fewer. */
const maxPickleBytes = 16_000_000;

/**
 * Reads the format of torch 1.6 and later: a zip archive with `<name>/data.pkl` and `<name>/data/<key>`. Throws an
 * Error with what is wrong.
 */
export function readZipArchive(file: number, fileBytes: number): Archive {
  const entries = readZipEntries(file, fileBytes);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw new Error("it is a zip archive without a data.pkl");
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && textAt(file, order) !== "little") throw new Error("its numbers are not little-endian");
  if (pickle.end - pickle.begin > maxPickleBytes) throw new Error(`its pickle has ${pickle.end - pickle.begin} bytes`);
  const root = unpickle(readAt(file, pickle.begin, pickle.end - pickle.begin));
  return { root, placeOf: (key) => entries.get(`${folder}data/${key}`) };
}

function textAt(file: number, { begin, end }: Place): string {
  return Buffer.from(readAt(file, begin, Math.min(end - begin, 10))).toString();
}

/** The pickle of the magic number 0x1950a86a20f9469cfc6c. */
const magic = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

export function isLegacyArchive(start: Uint8Array): boolean {
  return magic.equals(start.subarray(0, magic.length));
}

/**
 * Reads the format of torch before 1.6: pickles in a row (a magic number, the version, the machine, the value, the keys
 * of its storages), then each storage behind the number of its elements (torch/serialization.py, `_legacy_save`).
 * Throws an Error with what is wrong.
 */
export function readLegacyArchive(file: number, fileBytes: number): Archive {
  const bytes = readAt(file, 0, Math.min(fileBytes, maxPickleBytes));
  const version = unpickleAt(bytes, magic.length);
  if (version.value !== 1001) throw new Error("it is in an unknown version of the format of torch before 1.6");
  const machine = unpickleAt(bytes, version.end);
  if (entryOf(machine.value, "little_endian") !== true) throw new Error("its numbers are not little-endian");
  const root = unpickleAt(bytes, machine.end);
  const keys = unpickleAt(bytes, root.end);
  if (typeof keys.value !== "object" || keys.value?.kind !== "list") throw new Error("it has no list of storages");
  const sizes = elementSizes(root.value);
  const places = new Map<string, Place>();
  let at = keys.end;
  for (const key of keys.value.items) {
    const size = typeof key === "string" ? sizes.get(key) : undefined;
    if (size === undefined) throw new Error(`its storage ${JSON.stringify(key)} belongs to no tensor`);
    if (at + 8 > fileBytes) throw new Error("it is cut off");
    const begin = at + 8;
    at = begin + Number(new DataView(readAt(file, at, 8).buffer).getBigUint64(0, true)) * size;
    if (at > fileBytes) throw new Error("it is cut off");
    places.set(key as string, { begin, end: at });
  }
  return { root: root.value, placeOf: (key) => places.get(key) };
}

/** Maps storage key -> bytes of an element, from the tensors that use it. */
function elementSizes(root: Value): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { storage } of tensorsIn(root)) sizes.set(storage.key, bytesPerElement.get(storage.dtype) as number);
  return sizes;
}

function entryOf(value: Value, key: string): Value | undefined {
  return typeof value === "object" && value?.kind === "dict" ? value.entries?.get(key) : undefined;
}
