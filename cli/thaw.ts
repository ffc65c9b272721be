#!/usr/bin/env node
/** The command `thaw`: setup, doctor. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
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
    "make everything that is not there yet: packages, Python environment, TensorFlow addon, model, data, kernel",
  )
  .option("--quiet", "say nothing when there is nothing to do")
  .action(({ quiet }: { quiet?: true }) => delegate("setup.mjs", quiet ? ["--quiet"] : []));

thaw
  .command("doctor")
  .description("say what is there and what is missing")
  .option("--json", "for programs")
  .action(({ json }: { json?: true }) => delegate("doctor.mjs", json ? ["--json"] : []));

await thaw.parseAsync();
