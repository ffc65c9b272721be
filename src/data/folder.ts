/** Reads a folder that has a folder of text files for each label, as scikit-learn's `load_files` does. */
import { listed } from "../display/listed.ts";
import { formatCount } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import { join, namesIn, resolve, stat } from "../platform/files.ts";
import { readTextFile } from "./dataFile.ts";
import type { DatasetOptions, TextFileOptions } from "./options.ts";
import type { Row, RowTable } from "./rows.ts";

/** Files that are read at the same time: enough to keep a disk busy, too few to run out of descriptors. */
const atOnce = 32;

/**
 * Reads every `.txt` file of the folders in `path` as a row with the columns `text`, `label` (the folder's name) and `file`, in the
 * order of their names. With `labels` only the folders of these names are read. Throws `MISSING_FILE`, `BAD_DATA` and
 * `WRONG_FORMAT`.
 */
export async function readFolder(path: string, options: DatasetOptions & TextFileOptions): Promise<RowTable> {
  const folders = await foldersIn(path);
  const wanted = options.labels ?? folders;
  const missing = wanted.filter((name) => !folders.includes(name));
  if (folders.length === 0 || missing.length > 0) {
    const there = folders.length === 0 ? "it has no folders" : `it has the folders ${listed(folders)}`;
    const lacking = missing.length === 0 ? "" : `, but not ${listed(missing)}`;
    throw new ThawError(
      "BAD_DATA",
      `${path} is to have a folder for each label, with a text file for each example, such as positive/1.txt; ${there}${lacking}.`,
    );
  }
  const files: { readonly label: string; readonly file: string }[] = [];
  const ignored: string[] = [];
  for (const label of wanted) {
    for (const name of await namesIn(join(path, label))) {
      if (name.startsWith(".")) continue;
      if (/\.txt$/i.test(name)) files.push({ label, file: `${label}/${name}` });
      else ignored.push(`${label}/${name}`);
    }
  }
  const rows: Row[] = [];
  const notes = new Set<string>();
  for (let start = 0; start < files.length; start += atOnce) {
    const read = files.slice(start, start + atOnce).map(async ({ label, file }) => {
      const { bytes, notes: guesses } = await readTextFile(join(path, file), "txt", options.encoding);
      for (const guess of guesses) notes.add(guess.replace("The file is", `${file} is`));
      return { text: bytes.toString("utf8"), label, file };
    });
    rows.push(...(await Promise.all(read)));
  }
  const others = folders.filter((name) => !wanted.includes(name));
  return {
    rows,
    notes: [
      ...[...notes].slice(0, 3),
      ...(others.length === 0 ? [] : [`Left out, since labels do not name them: the folders ${listed(others)}.`]),
      ...(ignored.length === 0
        ? []
        : [`${formatCount(ignored.length)} names in them are not read, which do not end in .txt: ${listed(ignored)}.`]),
    ],
  };
}

/** Lists the folders in `path` that are not hidden, sorted. */
async function foldersIn(path: string): Promise<string[]> {
  const what = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "it does not exist" : cause.message;
    throw new ThawError("MISSING_FILE", `Cannot read ${resolve(path)}: ${why}. Check the path.`, { cause });
  });
  if (!what.isDirectory()) {
    throw new ThawError(
      "MISSING_FILE",
      `${resolve(path)} is no folder. Read a file with fromCsv, fromJsonl or fromParquet.`,
    );
  }
  const found: string[] = [];
  for (const name of await namesIn(path)) {
    if (!name.startsWith(".") && (await stat(join(path, name))).isDirectory()) found.push(name);
  }
  return found;
}
