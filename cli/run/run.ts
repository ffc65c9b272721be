/** `thaw run` takes a notebook from its file to its file, with parameters, and an exit code that says how it went. */

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Ending, execute } from "./execute.ts";
import { readNotebook } from "./notebook.ts";
import { NotebookFile } from "./notebookFile.ts";
import { checkParameters, injectParameters, type ParameterSources, readParameters } from "./parameters.ts";
import { Progress, type Screen } from "./progress.ts";
import { beginRun, endRun } from "./record.ts";
import { RunError } from "./runError.ts";

/** The options of `thaw run` as commander gives them. */
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

/** The options of a run, checked. */
interface RunOptions {
  readonly input: string;
  /** The file to write. Absent with `inplace`. */
  readonly output?: string;
  readonly inplace?: boolean;
  readonly parameters?: ParameterSources;
  readonly allowErrors?: boolean;
  /** The time that a cell may take, in seconds. */
  readonly timeout?: number;
  /** Whether what cells print is printed here as well. */
  readonly logOutput?: boolean;
  /** Folder in which the notebook runs. Default: the one in which it lies. */
  readonly cwd?: string;
  readonly version: string;
}

const terminate = { SIGINT: 130, SIGTERM: 143 } as const;

/** Returns the process's exit code: 0, 1 where a cell failed, 130 after Ctrl-C. Throws `RunError` before anything runs. */
async function run(options: RunOptions, screen: Screen = process.stderr): Promise<number> {
  const output = outputOf(options);
  const progress = new Progress(screen);
  const file = await NotebookFile.open(output, (text) => progress.say(text)); // before it is read: what changes from here on is seen
  const notebook = readNotebook(options.input);
  const parameters = readParameters(options.parameters ?? {});
  const folder = resolve(options.cwd ?? dirname(options.input));
  if (!existsSync(folder)) throw new RunError("NO_FOLDER", `There is no folder ${folder} to run in (--cwd).`);
  if (Object.keys(parameters).length > 0) {
    if (!checkParameters(notebook, parameters)) {
      progress.say(
        'The notebook has no cell tagged "parameters" and no params({ ... }): nothing checks the names given.\n',
      );
    }
    injectParameters(notebook, parameters);
  }
  beginRun(notebook, { input: options.input, output, parameters, version: options.version });
  const { timeout } = options;
  const stop = stopOnSignals();
  let said = "";
  const sayOnce = (text: string): void => {
    if (said !== text) progress.say(`${text} It is tried again after the next cell.\n`);
    said = text;
  };
  let ending: Ending;
  try {
    ending = await execute(notebook, {
      folder,
      allowErrors: options.allowErrors === true,
      ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
      interrupt: stop.signal,
      onCell: (cell, number, total) => progress.cell(cell, number, total),
      onPrint: (name, text) => {
        if (options.logOutput !== true) return;
        progress.say("");
        (name === "stderr" ? process.stderr : process.stdout).write(text);
      },
      onCellEnd: async () => {
        // A write that fails now, on a full disk for example, may succeed after the next cell: only the last one is an error.
        await file.write(notebook).catch((error: Error) => sayOnce(error.message));
      },
    });
  } finally {
    stop.forget();
  }
  endRun(notebook, ending.kind !== "done");
  await file.write(notebook);
  return report(ending, file.path, progress, stop.exitCode());
}

function outputOf({ input, output, inplace }: RunOptions): string {
  if (inplace === true && output === undefined) return input;
  if (output !== undefined && inplace !== true) return output;
  throw new RunError(
    "NO_OUTPUT",
    `Say where the executed notebook goes, one of: -o ${input.replace(/(\.ipynb)?$/, ".out.ipynb")}, or --inplace to replace ${input}.`,
  );
}

function report(ending: Ending, output: string, progress: Progress, exitCode: number): number {
  switch (ending.kind) {
    case "done":
      progress.end(`Ran ${ending.cells} cells, wrote ${output}`);
      return 0;
    case "interrupted":
      progress.end(`Interrupted in cell ${ending.number}, wrote ${output}`);
      return exitCode;
    case "failed":
      progress.say(`${ending.traceback.join("\n")}\n`);
      progress.end(`Cell ${ending.number} failed, wrote ${output}`);
      return 1;
  }
}

/** The first signal interrupts the running cell, the second ends this process at once. */
function stopOnSignals() {
  const controller = new AbortController();
  let exitCode: number = terminate.SIGINT;
  const onSignal = (signal: keyof typeof terminate) => (): void => {
    exitCode = terminate[signal];
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort();
  };
  const handlers = { SIGINT: onSignal("SIGINT"), SIGTERM: onSignal("SIGTERM") };
  for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    forget: () => {
      for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
    },
  };
}
