/** `%%writefile` */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { MagicError } from "./magicError.ts";

/** Writes `body` where `args` (`[-a] file`) says; returns what was done. */
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
