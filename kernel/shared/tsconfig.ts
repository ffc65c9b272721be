/** Which tsconfig.json holds for the code of a folder, and what it says. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { getTsconfig, parseTsconfig, type TsConfigResult } from "get-tsconfig";
import type TypeScript from "typescript";

/**
 * The folder's own file, else, as editors find it, the nearest one further up that includes the folder's TypeScript: one that
 * leaves the folder out is about another program.
 */
export function tsconfigOf(folder: string): TsConfigResult | undefined {
  try {
    const path = join(folder, "tsconfig.json");
    if (existsSync(path)) return { path, config: parseTsconfig(path) };
    return getTsconfig(join(folder, "notebook.ts"), "tsconfig.json", undefined, true) ?? undefined;
  } catch {
    return undefined; // it cannot be read; who wrote it hears that from an editor
  }
}

/** The options of that file, with what it extends, as the compiler knows them. Empty without one. */
export function readTsconfig(ts: typeof TypeScript, folder: string): TypeScript.CompilerOptions {
  const path = tsconfigOf(folder)?.path;
  if (path === undefined) return {};
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const host = { ...ts.sys, readDirectory: () => [] }; // which files it includes does not matter any more
  return ts.parseJsonConfigFileContent(config ?? {}, host, dirname(path), undefined, path).options;
}
