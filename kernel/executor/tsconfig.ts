/** What the tsconfig.json of a notebook's folder says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type TypeScript from "typescript";

/** The options of the folder's own file, with what it extends; one further up is about another program. Empty without one. */
export function readTsconfig(ts: typeof TypeScript, folder: string): TypeScript.CompilerOptions {
  const path = join(folder, "tsconfig.json");
  if (!existsSync(path)) return {};
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const host = { ...ts.sys, readDirectory: () => [] }; // which files it includes does not matter
  return ts.parseJsonConfigFileContent(config ?? {}, host, folder, undefined, path).options;
}
