/** `%env`, `%cd` and `%%writefile`: the environment, the folder and the files of the kernel's process. */
import { appendFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { closest } from "../../../shared/closest.ts";
import { asCellObject } from "../realm/cellRealm.ts";
import { MagicError, type Print } from "./magicContext.ts";

/**
 * Carries out `%env`: returns all variables, one variable's value, or undefined after `NAME=value` (or `NAME value`)
 * has been set.
 */
export function environment(args: string, print: Print): unknown {
  if (args === "") return asCellObject({ ...process.env });
  const set = /^([A-Za-z_]\w*)(?:\s*=\s*|\s+)([\s\S]*)$/.exec(args);
  if (set !== null) {
    const [, name = "", value = ""] = set;
    process.env[name] = value;
    print("stdout", `env: ${name}=${value}\n`);
    return undefined;
  }
  const value = process.env[args];
  if (value === undefined) {
    const close = closest(args, Object.keys(process.env));
    throw new MagicError(
      "NO_VARIABLE",
      `There is no environment variable ${args}. ${close === undefined ? "" : `Did you mean ${close}? `}Set it with %env ${args}=value.`,
    );
  }
  return value;
}

/** Carries out `%cd`: changes to a folder (`~` is home, `-` the one before) and returns it. */
export function changeFolder(args: string): string {
  const wanted = args.replace(/^(["'])(.*)\1$/, "$2").replace(/^~(?=\/|$)/, homedir());
  const folder = wanted === "" ? homedir() : wanted === "-" ? (process.env.OLDPWD ?? process.cwd()) : resolve(wanted);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new MagicError("NO_FOLDER", `There is no folder ${folder}. This kernel is in ${process.cwd()}.`);
  }
  process.env.OLDPWD = process.cwd();
  process.chdir(folder);
  return folder;
}

/** Carries out `%%writefile`: writes `body` where `args` (`[-a] file`) says. Returns a sentence about it. */
export function writeCell(args: string, body: string): string {
  const append = /^(-a|--append)\s+/.test(args);
  const file = args.replace(/^(-a|--append)\s+/, "").replace(/^(["'])(.*)\1$/, "$2");
  if (file === "") throw new MagicError("NO_FILE", "%%writefile needs a file: %%writefile notes.txt.");
  const text = body === "" || body.endsWith("\n") ? body : `${body}\n`;
  const existed = existsSync(resolve(file));
  if (append) appendFileSync(resolve(file), text);
  else writeFileSync(resolve(file), text);
  return `${append && existed ? "Appended to" : existed ? "Overwrote" : "Wrote"} ${file}`;
}
