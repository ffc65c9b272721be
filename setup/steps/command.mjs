/** node_modules/.bin/thaw, so that `npx thaw doctor` works in the clone. */
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

export const name = "thaw command";
export const bytes = 0;

const target = join("..", "..", "dist", "cli", "thaw.js");
const linkOf = ({ paths }) => join(paths.modules, ".bin", "thaw");

export function check(context) {
  const done = readLink(linkOf(context)) === target && existsSync(linkOf(context));
  return { done, detail: done ? "npx thaw" : "not linked" };
}

export async function run(context) {
  const link = linkOf(context);
  const beside = `${link}.${process.pid}`;
  mkdirSync(join(context.paths.modules, ".bin"), { recursive: true });
  rmSync(beside, { force: true });
  symlinkSync(target, beside);
  renameSync(beside, link);
}

function readLink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
