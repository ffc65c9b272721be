/**
 * Reads the table of contents of a zip archive as `torch.save` writes it. A general zip library would bring what must
 * not be used here (decompression, encryption, several disks); torch stores every entry as it is, so that an entry is a
 * range of the file. Format: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
 */
import { readAt } from "../../platform/files.ts";
import { ForeignContent } from "./stateDict.ts";

/** The place of an entry's bytes in the file. */
export interface ZipEntry {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Entries at most: a state dict has one for each tensor. */
const maxEntries = 100_000;
const maxDirectoryBytes = 32_000_000;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface DirectoryPlace {
  readonly begin: number;
  readonly bytes: number;
  readonly entries: number;
}

/** An entry as the directory has it; `header` is where its local header begins. */
interface DirectoryEntry {
  readonly name: string;
  readonly header: number;
  readonly bytes: number;
}

/**
 * Reads the entries by name. Throws an Error for what torch does not write: compressed, overlapping, twice of a name.
 */
export function readZipEntries(file: number, fileBytes: number): Map<string, ZipEntry> {
  const place = findDirectory(file, fileBytes);
  if (place.entries > maxEntries || place.bytes > maxDirectoryBytes || place.begin + place.bytes > fileBytes) {
    throw new Error(`its table of contents would have ${place.entries} entries in ${place.bytes} bytes`);
  }
  const listed = parseDirectory(readAt(file, place.begin, place.bytes), place.entries);
  const entries = new Map<string, ZipEntry>();
  let free = 0;
  for (const entry of listed.sort((a, b) => a.header - b.header)) {
    const { name, header, bytes } = entry;
    if (header < free) throw new Error(`its entry ${JSON.stringify(name)} overlaps the one before it`);
    const begin = header + localHeaderBytes(file, place.begin, entry);
    const end = begin + bytes;
    if (end > place.begin) throw new Error(`its entry ${JSON.stringify(name)} runs past the data`);
    if (entries.has(name)) throw new Error(`its entry ${JSON.stringify(name)} is there twice`);
    entries.set(name, { name, begin, end });
    free = end;
  }
  return entries;
}

/** Finds the directory by the end record: the last thing in the file but for a comment of up to 65,535 bytes. */
function findDirectory(file: number, fileBytes: number): DirectoryPlace {
  const tailBytes = Math.min(fileBytes, 22 + 65_535);
  const tail = view(readAt(file, fileBytes - tailBytes, tailBytes));
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== 0x06054b50 || tail.getUint16(at + 20, true) !== tailBytes - at - 22) continue;
    const place = {
      entries: tail.getUint16(at + 10, true),
      bytes: tail.getUint32(at + 12, true),
      begin: tail.getUint32(at + 16, true),
    };
    const isLarge = place.entries === 0xffff || place.bytes === 0xffffffff || place.begin === 0xffffffff;
    return isLarge ? findLargeDirectory(file, fileBytes - tailBytes + at) : place;
  }
  throw new Error("its table of contents is missing (cut off?)");
}

/**
 * Finds the directory of a large archive (zip64): a locator of 20 bytes before the end record names the place of a
 * larger one.
 */
function findLargeDirectory(file: number, endRecord: number): DirectoryPlace {
  if (endRecord < 20) throw new Error("its table of contents is damaged");
  const locator = view(readAt(file, endRecord - 20, 20));
  const at = integer(locator, 8);
  if (locator.getUint32(0, true) !== 0x07064b50 || at + 56 > endRecord) {
    throw new Error("its table of contents is damaged");
  }
  const record = view(readAt(file, at, 56));
  if (record.getUint32(0, true) !== 0x06064b50) throw new Error("its table of contents is damaged");
  return { entries: integer(record, 32), bytes: integer(record, 40), begin: integer(record, 48) };
}

function parseDirectory(bytes: Uint8Array<ArrayBuffer>, count: number): DirectoryEntry[] {
  const directory = view(bytes);
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || directory.getUint32(at, true) !== 0x02014b50) {
      throw new Error("its table of contents is damaged");
    }
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
    if (next > bytes.length) throw new Error("its table of contents is damaged");
    const name = utf8.decode(bytes.subarray(at + 46, at + 46 + nameBytes));
    if (directory.getUint16(at + 8, true) & 1) throw new Error(`its entry ${JSON.stringify(name)} is encrypted`);
    if (directory.getUint16(at + 10, true) !== 0)
      throw new ForeignContent(`its entry ${JSON.stringify(name)} is compressed, as TorchScript has them`);
    const extra = view(bytes.slice(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes));
    const [unpacked, packed, header] = largeSizes(extra, [
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 42, true),
    ]);
    if (unpacked !== packed) throw new Error(`its entry ${JSON.stringify(name)} has two sizes`);
    entries.push({ name, header, bytes: unpacked });
    at = next;
  }
  return entries;
}

/** Reads sizes above 4 GiB. Those of 0xffffffff stand, as 64 bits and in this order, in the extra field 1. */
function largeSizes(extra: DataView<ArrayBuffer>, sizes: readonly [number, number, number]): [number, number, number] {
  if (sizes.every((size) => size !== 0xffffffff)) return [...sizes];
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    const end = at + 4 + extra.getUint16(at + 2, true);
    let next = at + 4;
    const large = sizes.map((size) => {
      if (size !== 0xffffffff) return size;
      next += 8;
      if (next > end || next > extra.byteLength) throw new Error("its table of contents is damaged");
      return integer(extra, next - 8);
    });
    return large as [number, number, number];
  }
  throw new Error("its table of contents is damaged");
}

/**
 * Checks a local header and returns its length. It repeats name and extra field; the latter may differ in length (torch
 * aligns data with it).
 */
function localHeaderBytes(file: number, dataEnd: number, { name, header }: DirectoryEntry): number {
  if (header + 30 > dataEnd) throw new Error(`its entry ${JSON.stringify(name)} runs past the data`);
  const local = view(readAt(file, header, 30));
  const nameBytes = local.getUint16(26, true);
  const total = 30 + nameBytes + local.getUint16(28, true);
  if (local.getUint32(0, true) !== 0x04034b50 || header + total > dataEnd) {
    throw new Error(`its entry ${JSON.stringify(name)} has no header`);
  }
  if (utf8.decode(readAt(file, header + 30, nameBytes)) !== name) {
    throw new Error(`its entry ${JSON.stringify(name)} has another name in its header`);
  }
  return total;
}

function view(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function integer(bytes: DataView, at: number): number {
  const value = bytes.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`a size of ${value} bytes in its table of contents`);
  return Number(value);
}
