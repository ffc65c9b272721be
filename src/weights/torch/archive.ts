/** The two formats of `torch.save`: a value, and where in the file its storages lie. */
import { readAt } from "../../platform/readAt.ts";
import { unpickle } from "./pickle.ts";
import type { Value } from "./values.ts";
import { readZipEntries } from "./zip.ts";

/** A range of the file, in bytes. */
export interface Place {
  readonly begin: number;
  readonly end: number;
}

export interface Archive {
  readonly root: Value;
  /** The bytes of a storage, by its key. */
  readonly placeOf: (key: string) => Place | undefined;
}

/** Bytes of a pickle at most; that of a model with 100,000 tensors has fewer. */
export const maxPickleBytes = 16_000_000;

/** torch 1.6 and later: a zip archive with `<name>/data.pkl` and `<name>/data/<key>`. Throws an Error with what is wrong. */
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
