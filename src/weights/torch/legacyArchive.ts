/**
 * `torch.save` before 1.6: pickles in a row (a magic number, the version, the machine, the value, the keys of its
 * storages), then each storage behind the number of its elements. (torch/serialization.py, `_legacy_save`)
 */
import { readAt } from "../../platform/readAt.ts";
import { bytesPerElement } from "../safetensors/dtype.ts";
import { type Archive, maxPickleBytes, type Place } from "./archive.ts";
import { unpickleAt } from "./pickle.ts";
import { tensorsIn, type Value } from "./values.ts";

/** The pickle of the magic number 0x1950a86a20f9469cfc6c. */
const magic = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

export function isLegacyArchive(start: Uint8Array): boolean {
  return magic.equals(start.subarray(0, magic.length));
}

/** Throws an Error with what is wrong. */
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

/** Storage key -> bytes of an element, from the tensors that use it. */
function elementSizes(root: Value): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { storage } of tensorsIn(root)) sizes.set(storage.key, bytesPerElement.get(storage.dtype) as number);
  return sizes;
}

function entryOf(value: Value, key: string): Value | undefined {
  return typeof value === "object" && value?.kind === "dict" ? value.entries?.get(key) : undefined;
}
