/** Parquet files as rows, and the names of labels that Hugging Face's `datasets` writes into them. */
import type { FileMetaData } from "hyparquet";
import { ThawError } from "../errors.ts";
import { readBinaryFile } from "./dataFile.ts";
import type { DatasetOptions } from "./options.ts";
import type { Row, RowTable } from "./rows.ts";

/**
 * Rows of a Parquet file, of any codec that Parquet knows. Only the columns that `options` name are read, or all of them
 * where a function needs a row. Throws `MISSING_FILE`, `WRONG_FORMAT` and `BAD_DATA`.
 */
export async function readParquet(path: string, options: DatasetOptions): Promise<RowTable> {
  const bytes = await readBinaryFile(path, "parquet");
  // the decompressors compile WebAssembly when they are loaded
  const [{ parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => Uint8Array.from(bytes.subarray(start, end)).buffer,
  };
  try {
    const metadata = await parquetMetadataAsync(file);
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    const columns = columnsIn(options).filter((name) => names.includes(name));
    const rows = (await parquetReadObjects({
      file,
      metadata,
      compressors,
      ...(columns.length < columnsIn(options).length || hasFunction(options) ? {} : { columns }),
    })) as Row[];
    return { rows: rows.map(plainRow), notes: [], labelNames: labelNamesIn(metadata) };
  } catch (cause) {
    if (cause instanceof ThawError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ThawError(
      "BAD_DATA",
      `${path} is a Parquet file that cannot be read: ${why}. Download or write it again.`,
      {
        cause,
      },
    );
  }
}

const sourcesOf = ({ text = "text", textPair, label = "label" }: DatasetOptions) => [text, textPair, label];
const hasFunction = (options: DatasetOptions) => sourcesOf(options).some((source) => typeof source === "function");
const columnsIn = (options: DatasetOptions): string[] =>
  sourcesOf(options)
    .flat()
    .filter((source): source is string => typeof source === "string");

/** Whole numbers of 64 bits become numbers where nothing is lost. */
function plainRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array, plainValue);
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

interface Feature {
  readonly names?: readonly string[];
  readonly feature?: Feature;
}

/** What `datasets` knows of the columns: `ClassLabel` has the names of its labels, also within a list of labels. */
function labelNamesIn({ key_value_metadata: entries = [] }: FileMetaData): ReadonlyMap<string, readonly string[]> {
  const text = entries.find(({ key }) => key === "huggingface")?.value;
  const names = new Map<string, readonly string[]>();
  if (text === undefined) return names;
  try {
    const features = JSON.parse(text)?.info?.features as Record<string, Feature | [Feature]>;
    for (const [column, each] of Object.entries(features ?? {})) {
      const feature = Array.isArray(each) ? each[0] : each;
      const found = feature?.names ?? feature?.feature?.names;
      if (Array.isArray(found) && found.every((name) => typeof name === "string")) names.set(column, found);
    }
  } catch {
    // metadata that cannot be read gives no names, the labels are there without them
  }
  return names;
}
