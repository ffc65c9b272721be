#!/usr/bin/env node
/** The command `thaw`: setup, doctor, install. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { InstallOptions } from "./install.ts";
import { packageRoot } from "./packageRoot.ts";

const root = packageRoot(import.meta.dirname);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  description: string;
};

/** Runs one of the programs in setup/, which need nothing installed, and ends as it does. */
function delegate(program: string, args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, "setup", program), ...args], { stdio: "inherit" });
  process.exitCode = status ?? 1;
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
  .command("install")
  .description("make the kernel known to Jupyter (for the current user, unless told otherwise)")
  .option("--user", "for the current user")
  .option("--sys-prefix", "into the active virtual or conda environment")
  .option("--prefix <folder>", "into an environment's folder")
  .option("--name <name>", "name of the kernel's folder (default: thaw)")
  .option("--display-name <name>", "name that is shown (default: TypeScript (Thaw))")
  .action(async (options: InstallOptions) => {
    const { installFrom } = await import("./install.ts");
    try {
      process.stdout.write(`The kernel is in ${installFrom(options)}\n`);
    } catch (error) {
      thaw.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    }
  });

await thaw.parseAsync();
