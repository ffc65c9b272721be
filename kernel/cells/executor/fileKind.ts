/** How a local file is loaded. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { parse } from "./syntax.ts";

/** `compiled`: by this kernel, as a module; `commonjs`: by Node's `require`. Both are loaded again when they change. */
export type FileKind = "compiled" | "commonjs" | "json";

/** Longer JavaScript, in bytes, is a bundle that nobody edits: Node loads it faster. */
const longest = 500_000;

/** Undefined for what Node alone loads: packages, bundles, addons, WebAssembly. */
export function kindOfFile(path: string): FileKind | undefined {
  const ending = extname(path);
  if (ending === ".json") return "json";
  if (/^\.([mc]?ts|tsx|jsx)$/.test(ending)) return "compiled";
  if (!/^\.[mc]?js$/.test(ending) || /[\\/]node_modules[\\/]/.test(path)) return undefined;
  if (ending === ".cjs") return "commonjs";
  if (ending === ".js" && !isModule(path)) return "commonjs";
  return statSync(path).size > longest ? undefined : "compiled";
}

/** As Node decides: by the `type` of the nearest package.json, without one by the text. */
function isModule(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const { type } = JSON.parse(readFileSync(file, "utf8")) as { type?: unknown };
      return type === "module" || (type !== "commonjs" && looksLikeModule(path));
    }
    if (folder === dirname(folder)) return looksLikeModule(path);
  }
}

function looksLikeModule(path: string): boolean {
  const text = readFileSync(path, "utf8");
  if (!/\b(import|export)\b/.test(text)) return false;
  try {
    return parse(text, path).some(({ type }) => /^(Import|Export)/.test(type));
  } catch {
    return false; // Node says what is wrong with it
  }
}
