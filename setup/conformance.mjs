/**
 * `npm run conformance [-- --recorded]`: what the client library of frontends written in Rust makes of the kernel. Runs the
 * kernel's tests, has each message that they record read by it, and runs its authors' 27 checks on a kernel. `--recorded`
 * reads what an earlier run has left in `build/messages`. Ends with code 3 where there is no cargo, or no crates.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findProgram, lastLines, runProgram } from "./child.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, runMain } from "./program.mjs";
import { duration, withProgress } from "./progress.mjs";

const notHere = 3;
const context = contextFrom([]);
const { root } = context;
const crate = join(root, "tests", "kernel", "conformance", "rust");
const target = join(root, "build", "conformance");
const messages = join(root, "build", "messages");
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/**
 * Runs a program that must succeed, with a line of progress.
 * @param {string} label
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
async function run(label, program, args, env = {}) {
  const { code, output } = await withProgress(label, () => runProgram(program, args, { context, env }));
  if (code === 0) return output;
  throw new SetupProblem({
    code: "CONFORMANCE_FAILED",
    title: `${label} ended with code ${code}.`,
    looked: `${program} ${args.join(" ")}`,
    found: lastLines(output, 40),
    todo: "Mend what it says, and run `npm run conformance` again.",
  });
}

await runMain(async () => {
  const start = performance.now();
  const cargo = findProgram("cargo", context.env);
  if (cargo === undefined) {
    say("The conformance of the kernel was not checked, since there is no cargo here. https://rustup.rs installs it.");
    return notHere;
  }
  const manifest = ["--locked", "--manifest-path", join(crate, "Cargo.toml")];
  const env = { CARGO_TARGET_DIR: target };
  const fetched = await withProgress("Rust crates", () => runProgram(cargo, ["fetch", ...manifest], { context, env }));
  if (fetched.code !== 0) {
    say(
      `The conformance of the kernel was not checked, since crates cannot be fetched:\n${lastLines(fetched.output, 5)}`,
    );
    return notHere;
  }
  await run("Reader, compiled", cargo, ["build", "--offline", ...manifest], env);
  const reader = join(target, "debug", "thaw-conformance");
  if (!process.argv.includes("--recorded")) {
    rmSync(messages, { recursive: true, force: true });
    await run("Kernel, compiled", "npm", ["run", "-s", "build"]);
    const vitest = join(context.paths.modules, "vitest", "vitest.mjs");
    const recording = { THAW_RECORD_MESSAGES: messages };
    const tests = () => runProgram(process.execPath, [vitest, "run", "tests/kernel"], { context, env: recording });
    const { code, output } = await withProgress("Kernel's tests", tests);
    // what they have recorded is read all the same: `npm test` says which test failed
    if (code !== 0) say(`Some of them failed:\n${lastLines(output, 4)}`);
  }
  const files = existsSync(messages) ? readdirSync(messages).map((name) => join(messages, name)) : [];
  if (files.length === 0) {
    throw new SetupProblem({
      code: "NOTHING_RECORDED",
      title: "No messages of the kernel have been recorded.",
      looked: messages,
      found: "no file",
      todo: "Leave --recorded out, or run the tests with THAW_RECORD_MESSAGES=build/messages before.",
    });
  }
  say(await run("Messages, read", reader, ["read", ...files]));
  const { kernelspec } = await import(pathToFileURL(join(root, "dist", "kernel", "install", "kernelspec.js")).href);
  say(await run("Checks", reader, ["check", ...kernelspec("conformance").argv]));
  say(`The kernel conforms (${duration(performance.now() - start)}).`);
  return 0;
});
