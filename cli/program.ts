/** Defines the subcommands of `thaw` and runs the one that is asked for: setup, doctor, lab, install, uninstall, status, run. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { InstallOptions, UninstallOptions } from "./install.ts";
import { packageRoot } from "./packageRoot.ts";
import type { RunCommandOptions } from "./run/run.ts";

const root = packageRoot(import.meta.dirname);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  description: string;
};

/** Runs one of the programs in setup/, which need nothing installed, and ends as it does. */
function delegate(program: string, args: readonly string[]): void {
  process.on("SIGINT", () => {}); // Ctrl-C is the program's: JupyterLab asks before it ends
  const { status } = spawnSync(process.execPath, [join(root, "setup", program), ...args], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

/** Prints what a command has to say, or its error in one sentence and code 1. */
async function say(text: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(await text());
  } catch (error) {
    thaw.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const thaw = new Command("thaw").description(manifest.description).version(manifest.version);

thaw
  .command("setup")
  .description(
    "make everything that is not there yet: packages, Python environment, TensorFlow addon, model, data and, in a clone, kernel",
  )
  .option("--quiet", "say nothing when there is nothing to do")
  .option("--engine-only", "leave out the model and the data to begin with")
  .action(({ quiet, engineOnly }: { quiet?: true; engineOnly?: true }) =>
    delegate("setup.mjs", [...(quiet ? ["--quiet"] : []), ...(engineOnly ? ["--engine-only"] : [])]),
  );

thaw
  .command("doctor")
  .description("say what is there and what is missing")
  .option("--json", "for programs")
  .action(({ json }: { json?: true }) => delegate("doctor.mjs", json ? ["--json"] : []));

thaw
  .command("lab")
  .description("open JupyterLab on work/, your own folder with copies of the notebooks; in a project, on the project")
  .argument("[arguments...]", "JupyterLab's own arguments, behind --")
  .action((labArguments: readonly string[]) => delegate("lab.mjs", labArguments));

/** `install` and `uninstall` name a place and a kernel in the same words. */
const placed = (name: string, description: string): Command =>
  thaw
    .command(name)
    .description(`${description} (for the current user, unless told otherwise)`)
    .option("--user", "for the current user")
    .option("--sys-prefix", "the active virtual or conda environment")
    .option("--prefix <folder>", "an environment's folder")
    .option("--name <name>", "name of the kernel's folder (default: thaw)");

placed("install", "make the kernel known to Jupyter and VS Code")
  .option("--display-name <name>", "name that is shown (default: TypeScript (Thaw))")
  .action((options: InstallOptions) =>
    say(async () => `The kernel is in ${(await import("./install.ts")).installFrom(options)}\n`),
  );

placed("uninstall", "take the kernel away from Jupyter again").action((options: UninstallOptions) =>
  say(async () => `Removed ${(await import("./install.ts")).uninstallFrom(options)}\n`),
);

thaw
  .command("status")
  .description("say which kernels Jupyter knows and whether they can start; code 0 when one can")
  .option("--json", "for programs")
  .action(({ json }: { json?: true }) =>
    say(async () => {
      const { status, formatStatus } = await import("./status.ts");
      const found = status(root, manifest.version);
      process.exitCode = found.ok ? 0 : 1;
      return json ? `${JSON.stringify(found, null, 2)}\n` : formatStatus(found);
    }),
  );

thaw
  .command("run")
  .description("run a notebook from beginning to end; exit code 1 at the first error")
  .argument("<notebook>", "the notebook to run")
  .option("-o, --output <file>", "the executed notebook")
  .option("--inplace", "replace the notebook instead")
  .option("-p, --parameter <name value>", "a parameter; 3, true and null are read as such", collect, [])
  .option("-r, --raw <name value>", "a parameter whose value stays text", collect, [])
  .option("--parameters <file>", "parameters from a JSON file")
  .option("--allow-errors", "go on after a cell that throws")
  .option("--timeout <seconds>", "interrupt a cell that takes longer", Number)
  .option("--log-output", "print what the cells print")
  .option("--cwd <folder>", "where it runs (default: where the notebook lies)")
  .action(async (input: string, options: RunCommandOptions) => {
    const { runFrom } = await import("./run/run.ts");
    try {
      process.exitCode = await runFrom(input, options, manifest.version);
    } catch (error) {
      thaw.error(`error: ${error instanceof Error ? error.message : String(error)}`, { exitCode: 2 });
    }
  });

await thaw.parseAsync(process.argv[2] === "run" ? joinPairs(process.argv) : process.argv);

/** An option that may be given several times. */
function collect(word: string, earlier: string[]): string[] {
  return [...earlier, word];
}

/**
 * Joins `-p name value`, as papermill takes it, to `-p name=value`: commander's options take one word or all that follow,
 * and would take a value such as `-1` for an option.
 */
function joinPairs(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const [word = "", name, value] = words.slice(index, index + 3);
    joined.push(word);
    if (!/^(-p|-r|--parameter|--raw)$/.test(word) || name === undefined || name.includes("=") || value === undefined)
      continue;
    joined.push(`${name}=${value}`);
    index += 2;
  }
  return joined;
}
