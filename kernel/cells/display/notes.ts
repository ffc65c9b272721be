/** What recognisers and displays have to say goes to the cell's standard error. */
import { stripVTControlCharacters } from "node:util";
import type { Sources } from "../executor/sources.ts";
import { describeError } from "../executor/traceback.ts";
import type { Notes } from "./recognise/recogniser.ts";
import type { Reporter } from "./reporter.ts";

export function createNotes(reporter: Reporter, sources: Sources): Notes {
  return {
    describe: (error) => stripVTControlCharacters(describeError(error, sources).traceback.join("\n")),
    warn(text) {
      reporter.stream("stderr", `${text}\n`);
      return undefined;
    },
  };
}
