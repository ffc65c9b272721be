/** The texts of all cells and local files, which find the user's own line for a position in rewritten code. */
import type MagicString from "magic-string";
import { codeFrame } from "../../shared/codeFrame.ts";
import type { MapToSource } from "../rewrite/lower.ts";
import type { Place } from "../rewrite/parse.ts";

type Segment = readonly number[];
/** The segments of each rewritten line: [column, 0, source line, source column], all from 0. */
type Mappings = readonly (readonly Segment[])[];

interface Source {
  readonly text: string;
  /** The rewriting; absent for a text that has not been rewritten. */
  readonly edit: MagicString | undefined;
  readonly back: MapToSource | undefined;
}

/** The number of cells that are remembered. Stacks through older ones still name their lines, as V8 sees them. */
const newestCells = 2000;
/** The number of sources whose mappings are kept for the next stack: each is many times as long as its text. */
const newestMappings = 8;

/** The texts of the cells and local files that have run. */
export class Sources {
  readonly #cells = new Map<string, Source>();
  readonly #files = new Map<string, Source>();
  readonly #mappings = new Map<Source, Mappings>();

  /** Adds a text; `name` is its name in stacks: `In[3]`, or a path. Cells that run again replace their older selves. */
  add(name: string, text: string, edit?: MagicString, back?: MapToSource): void {
    if (name.startsWith("In[")) keepNewest(this.#cells, name, { text, edit, back }, newestCells);
    else this.#files.set(name, { text, edit, back });
  }

  /** Returns the newest cells that ran, in order. */
  cells(): { name: string; text: string }[] {
    return Array.from(this.#cells, ([name, { text }]) => ({ name, text }));
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Finds the user's place for a rewritten `line` and `column` (from 1). */
  locate(name: string, line: number, column: number): Place {
    const source = this.#find(name);
    const place = source === undefined ? { line, column } : this.#unedited(source, line, column);
    const back = source?.back?.(place.line - 1, place.column - 1);
    return { source: name, ...(back === undefined ? place : { line: back.line + 1, column: back.column + 1 }) };
  }

  /** Shows the line of a place and the one before it, numbered, and a caret under the column. */
  frame({ source, line, column }: Place): string[] {
    const lines = this.#find(source)?.text.split("\n");
    return lines === undefined ? [] : codeFrame(lines, line, column);
  }

  #find(name: string): Source | undefined {
    return this.#cells.get(name) ?? this.#files.get(name);
  }

  /** Finds the place before rewriting for one in the rewritten text, both from 1. */
  #unedited(source: Source, line: number, column: number): { line: number; column: number } {
    if (source.edit === undefined) return { line, column };
    const mappings =
      this.#mappings.get(source) ?? (source.edit.generateDecodedMap({ hires: true }).mappings as unknown as Mappings);
    keepNewest(this.#mappings, source, mappings, newestMappings);
    const segments = mappings[line - 1] ?? [];
    const segment = segments.findLast((candidate) => (candidate[0] ?? 0) <= column - 1) ?? segments[0];
    return segment === undefined ? { line, column } : { line: (segment[2] ?? 0) + 1, column: (segment[3] ?? 0) + 1 };
  }
}

/** Adds a value behind all others, and forgets the oldest beyond `limit`. */
function keepNewest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value as Key);
}
