/** The options of `thaw run` as commander gives them. */
import { run } from "./run.ts";
import { RunError } from "./runError.ts";

export interface RunCommandOptions {
  readonly output?: string;
  readonly inplace?: true;
  /** `name=value` each, as `joinPairs` left them. */
  readonly parameter: readonly string[];
  readonly raw: readonly string[];
  readonly parameters?: string;
  readonly allowErrors?: true;
  readonly timeout?: number;
  readonly logOutput?: true;
  readonly cwd?: string;
}

/** Runs and returns the exit code. Throws `RunError` where the options make no sense. */
export async function runFrom(input: string, options: RunCommandOptions, version: string): Promise<number> {
  const { parameter, raw, parameters: file, ...rest } = options;
  if (rest.timeout !== undefined && !(rest.timeout > 0)) {
    throw new RunError("BAD_TIMEOUT", "--timeout takes a number of seconds above 0.");
  }
  const pairs = parameter.map((word) => pairOf("-p", word));
  const parameters = { pairs, raw: raw.map((word) => pairOf("-r", word)), ...(file === undefined ? {} : { file }) };
  return await run({ input, version, parameters, ...rest });
}

function pairOf(option: string, word: string): [string, string] {
  const at = word.indexOf("=");
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
  throw new RunError(
    "BAD_PARAMETER",
    `${option} takes a name and a value, such as ${option} epochs 3. Found "${word}" alone.`,
  );
}
