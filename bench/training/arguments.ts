/** What was asked for on the command line. */
import { parseArgs } from "node:util";
import { ThawError } from "../../src/errors.ts";

export interface Arguments {
  /** Names of workloads; all where nothing was named. */
  readonly names: readonly string[];
  /** Fewer and shorter blocks: does everything run, and are the ratios plausible? */
  readonly quick: boolean;
  /** Nothing but figures on standard output. */
  readonly json: boolean;
}

/** Throws `BAD_ARGUMENT`. */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments {
  const { only, quick, json } = parse(argv);
  const names = only?.split(",") ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ThawError("BAD_ARGUMENT", `There is no workload "${unknown.join('", "')}": use ${known.join(", ")}.`);
  }
  return { names, quick, json };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        only: { type: "string" },
      },
    }).values;
  } catch (cause) {
    const problem = cause instanceof Error ? (cause.message.split(". ")[0] as string) : String(cause);
    throw new ThawError("BAD_ARGUMENT", `${problem}. Known are --only NAME,NAME, --quick and --json.`, { cause });
  }
}
