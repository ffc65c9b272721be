/** Finds texts nested so deeply that parsing them would end the process: the parser recurses in native code. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

/** The characters and words that open a level; the parser bears several thousand levels on an ordinary stack. */
const opener = /[([{<?=]|\belse\b|!/g;
const harmless = 1500;

/** Tells whether `source` has so many openers that parsing it could crash. */
export function mayBeTooDeep(source: string): boolean {
  return source.length >= harmless && (source.match(opener)?.length ?? 0) >= harmless;
}

/** Tells whether `source` crashes the parser, by parsing it in another process. */
export function isTooDeep(source: string): boolean {
  if (!mayBeTooDeep(source)) return false;
  const parser = JSON.stringify(createRequire(import.meta.url).resolve("oxc-parser"));
  const script = `require(${parser}).parseSync("cell.tsx",require("node:fs").readFileSync(0,"utf8"),{lang:"ts"}).program`;
  const { signal } = spawnSync(process.execPath, ["-e", script], {
    input: source,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return signal === "SIGSEGV" || signal === "SIGBUS" || signal === "SIGABRT";
}
