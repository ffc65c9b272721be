/** The inputs of this session, for `history_request`; kept in memory. */
import type { Content } from "../wire/message.ts";

/** `[session, line, input]`, or `[session, line, [input, output]]` when outputs are asked for. */
export type HistoryRow = readonly [number, number, string | readonly [string, string | null]];

const session = 1;

export class History {
  readonly #inputs: { line: number; input: string }[] = [];

  add(line: number, input: string): void {
    this.#inputs.push({ line, input });
  }

  /** Answers `tail`, `range` (`session` 0 is this one) and `search` (glob with `*` and `?`, `unique`); others give no rows. */
  query(request: Content): HistoryRow[] {
    return this.#select(request).map(({ line, input }) =>
      request.output === true ? [session, line, [input, null]] : [session, line, input],
    );
  }

  #select(request: Content): { line: number; input: string }[] {
    const n = typeof request.n === "number" ? request.n : this.#inputs.length;
    switch (request.hist_access_type) {
      case "tail":
        return n > 0 ? this.#inputs.slice(-n) : [];
      case "range": {
        const asked = Number(request.session ?? 0);
        if (asked !== 0 && asked !== session) return [];
        const start = Number(request.start ?? 0);
        const stop = typeof request.stop === "number" ? request.stop : Number.POSITIVE_INFINITY;
        return this.#inputs.filter(({ line }) => line >= start && line < stop);
      }
      case "search": {
        const pattern = globPattern(String(request.pattern ?? "*"));
        let found = this.#inputs.filter(({ input }) => pattern.test(input));
        if (request.unique === true) {
          found = [...new Map(found.map((entry) => [entry.input, entry])).values()];
        }
        return n > 0 ? found.slice(-n) : [];
      }
      default:
        return [];
    }
  }
}

function globPattern(glob: string): RegExp {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, "[\\s\\S]*")
    .replace(/\?/g, "[\\s\\S]");
  return new RegExp(`^${body}$`);
}
