/** Reads Parquet files as rows, with the names of labels that Hugging Face's `datasets` writes into them. */
import type { FileMetaData, SchemaTree } from "hyparquet";
import { currentHost } from "../../shared/host.ts";
import { ThawError } from "../errors.ts";
import { packageUrl } from "../platform/packages.ts";
import { scriptOf, startThread, type Worker } from "../platform/threads.ts";
import { readBinaryFile } from "./dataFile.ts";
import { columnsOf, type DatasetOptions } from "./options.ts";
import { type RowTable, setCell } from "./rows.ts";

/**
 * Reads the rows of a Parquet file, of any codec that Parquet knows. Only the columns that `options` name are read, or
 * all of them where a function needs a row. Throws `MISSING_FILE`, `WRONG_FORMAT` and `BAD_DATA`.
 */
export async function readParquet(path: string, options: DatasetOptions): Promise<RowTable> {
  const bytes = await readBinaryFile(path, "parquet");
  const { parquetSchema } = await import("hyparquet");
  const decoder = new ParquetDecoder(bytes);
  try {
    const metadata = (await decoder.ask("metadata")) as FileMetaData;
    const schema = parquetSchema(metadata);
    const asked = columnsOf(options);
    const isKnown = (name: string) => schema.children.some(({ element }) => element.name === name);
    const hasFunction = [options.text, options.textPair, options.label].some((source) => typeof source === "function");
    const isAll = hasFunction || !asked.every(isKnown);
    const columns = schema.children.filter(({ element }) => isAll || asked.includes(element.name));
    checkLayout(metadata, columns);
    const rows: Record<string, unknown>[] = Array.from({ length: Number(metadata.num_rows) }, () => ({}));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      for (const { element } of columns) {
        const cells = (await decoder.ask({ column: element.name, rowStart, rowEnd })) as unknown[];
        cells.forEach((cell, i) => {
          setCell(rows[rowStart + i] as Record<string, unknown>, element.name, plainValue(cell));
        });
      }
      rowStart = rowEnd;
    }
    return { rows, notes: [], labelNames: labelNamesIn(metadata) };
  } catch (cause) {
    decoder.signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ThawError(
      "BAD_DATA",
      `${path} is a Parquet file that cannot be read: ${why}. Download or write it again.`,
      {
        cause,
      },
    );
  } finally {
    await decoder.close();
  }
}

/** A request to the thread: for the metadata, or for the values of a column in some rows of one row group. */
type Request = "metadata" | { readonly column: string; readonly rowStart: number; readonly rowEnd: number };

/** The thread's answer, or the reason why there is none. */
interface Answer {
  readonly answer?: unknown;
  readonly error?: string;
}

/**
 * The thread's code; a text, since what compiles this module may write `import()` in another way. Damaged files make
 * the library loop without an end, take what memory there is, and reject promises that nobody waits for; in a thread of
 * its own each of these is an error message.
 */
const decoding = `({ threads: { parentPort, workerData } }) => {
const { bytes } = workerData;
const loaded = Promise.all(workerData.modules.map((url) => import(url)));
let metadata;
parentPort.on("message", async (request) => {
  try {
    const [{ parquetMetadata, parquetRead }, { compressors }] = await loaded;
    metadata ??= parquetMetadata(bytes);
    if (request === "metadata") return parentPort.postMessage({ answer: metadata });
    let answer = [];
    await parquetRead({
      file: bytes, metadata, compressors,
      columns: [request.column], rowStart: request.rowStart, rowEnd: request.rowEnd,
      onComplete: (rows) => { answer = rows.map(([cell]) => cell); },
    });
    parentPort.postMessage({ answer });
  } catch (error) {
    parentPort.postMessage({ error: String((error && error.message) || error) });
  }
});
}`;

/** Seconds that an answer may take, plus one second per megabyte of the file. */
const patience = 20;

/** Decodes one file in a thread, which `close` ends. */
class ParquetDecoder {
  readonly #thread: Worker;
  readonly #limitMs: number;
  /** The signal of the running cell; when Stop aborts it, the thread ends. */
  readonly signal = currentHost()?.signal;
  readonly #stop = (): void => void this.#thread.terminate();
  /** Settles the request that waits. */
  #settle: (answer: Answer) => void = () => {};
  /** The reason why there will be no more answers. */
  #ended: Answer | undefined;

  constructor(content: Buffer) {
    const bytes = Uint8Array.from(content).buffer;
    const modules = ["hyparquet", "hyparquet-compressors"].map(packageUrl);
    this.#limitMs = 1000 * (patience + content.length / 1e6);
    this.#thread = startThread(scriptOf(decoding), { workerData: { bytes, modules }, transferList: [bytes] });
    this.#thread.on("message", (answer) => this.#settle(answer));
    const end = (error: string): void => {
      this.#ended ??= { error };
      this.#settle(this.#ended);
    };
    this.#thread.on("error", ({ message }) => end(message));
    this.#thread.on("exit", () => end("its thread was ended"));
    this.signal?.addEventListener("abort", this.#stop);
  }

  async ask(request: Request): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const { answer, error } = await new Promise<Answer>((resolve) => {
      this.#settle = resolve;
      if (this.#ended !== undefined) resolve(this.#ended);
      timer = setTimeout(() => resolve({ error: "it takes too long, as damaged files do" }), this.#limitMs);
      this.#thread.postMessage(request);
    });
    clearTimeout(timer);
    if (error === undefined) return answer;
    throw new Error(error);
  }

  async close(): Promise<void> {
    this.signal?.removeEventListener("abort", this.#stop);
    await this.#thread.terminate();
  }
}

/** Throws an Error where counts or columns of the parts do not agree, before anything is made as large as they say. */
function checkLayout(metadata: FileMetaData, columns: readonly SchemaTree[]): void {
  const total = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (total !== Number(metadata.num_rows)) throw new Error(`it has ${total} rows, but says ${metadata.num_rows}`);
  for (const group of metadata.row_groups) {
    for (const column of columns) {
      const { name } = column.element;
      const chunks = group.columns.filter(({ meta_data: chunk }) => chunk?.path_in_schema[0] === name);
      const found = chunks.map(({ meta_data: chunk }) => chunk?.path_in_schema.join()).sort();
      if (found.join("|") !== leavesOf(column).sort().join("|")) throw new Error(`the column ${name} is not whole`);
      const isShort = chunks.some(({ meta_data: chunk }) => Number(chunk?.num_values) < Number(group.num_rows));
      if (isShort || Number(group.num_rows) < 0)
        throw new Error(`the column ${name} has fewer values than there are rows`);
    }
  }
}

const leavesOf = ({ children, path }: SchemaTree): string[] =>
  children.length === 0 ? [path.join()] : children.flatMap(leavesOf);

/** Makes lists of any kind plain lists, and whole numbers of 64 bits numbers where nothing is lost. */
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

/**
 * Reads what `datasets` knows of the columns: `ClassLabel` has the names of its labels, also within a list of labels.
 */
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
