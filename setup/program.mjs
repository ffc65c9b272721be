/** Frames every program in setup/: gives it its context from the command line, and lets it end in one way. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endChildren } from "./child.mjs";
import { createContext } from "./context.mjs";
import { formatProblem, SetupProblem } from "./problem.mjs";

/**
 * Tells whether a module is the program that Node was started with, and not imported by another.
 * @param {string} url the module's `import.meta.url`
 */
export function isMain(url) {
  const program = process.argv[1];
  return program !== undefined && realpathSync(program) === realpathSync(fileURLToPath(url));
}

/**
 * Runs a program's `main`, turning a problem into its text and code 1, and Ctrl-C into one sentence and code 130.
 * @param {() => Promise<number | void>} main resolves to the exit code; nothing means 0
 */
export async function runMain(main) {
  for (const [signal, code] of /** @type {const} */ ([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])) {
    process.once(signal, () => {
      endChildren();
      process.stderr.write("\nStopped. The next run goes on from here.\n");
      process.exit(code);
    });
  }
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    process.stderr.write(`\n${formatProblem(error)}\n`);
    process.exitCode = 1;
  }
}

/**
 * Returns the context of this clone or installation; a fake version of Node.js or free disk space may be given to see what is
 * said of it.
 * @param {readonly string[]} args
 */
export function contextFrom(args) {
  const given = (/** @type {string} */ flag) => args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const [nodeVersion, free, root] = [given("--node-version"), given("--free-bytes"), given("--root")];
  return createContext({
    ...(nodeVersion === undefined ? {} : { nodeVersion }),
    ...(free === undefined ? {} : { freeBytes: () => Number(free) }),
    ...(root === undefined ? {} : { root }),
  });
}
