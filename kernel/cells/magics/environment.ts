/** `%env` and `%cd`: the environment and the folder of the kernel's process. */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { closest } from "../../../shared/closest.ts";
import { given } from "../cellRealm.ts";
import { MagicError } from "./magicError.ts";
import type { Print } from "./magics.ts";

/** All variables, one variable's value, or undefined after `NAME=value` (or `NAME value`) has been set. */
export function environment(args: string, print: Print): unknown {
  if (args === "") return given({ ...process.env });
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

/** Changes to a folder (`~` is home, `-` where one was before) and returns it. */
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
