/**
 * The rules by which a module specifier in a cell is resolved. The thread of the cells and the type checker share them,
 * so that both use the same files.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { getTsconfig, parseTsconfig, type TsConfigResult } from "get-tsconfig";
import type TypeScript from "typescript";

/** A specifier in Node's form, and the requested versions of its package, if any. */
export interface NpmSpecifier {
  readonly specifier: string;
  readonly range?: string;
}

/** Reads `npm:lodash@4/fp`, as notebooks written for Deno name a package: here it is the installed one. Throws at `jsr:`. */
export function npmSpecifier(written: string): NpmSpecifier {
  if (written.startsWith("jsr:")) {
    const message = `Cannot import '${written}': packages come from npm here. Many of JSR are there too: see https://jsr.io/docs/npm-compatibility.`;
    throw Object.assign(new Error(message), { code: "ERR_UNSUPPORTED_REGISTRY" });
  }
  const [, name, range, rest] = /^npm:\/?(@[^/]+\/[^/@]+|[^/@]+)(?:@([^/]*))?(\/.*)?$/.exec(written) ?? [];
  if (name === undefined) return { specifier: written };
  const specifier = `${name}${rest ?? ""}`;
  return range === undefined || range === "" ? { specifier } : { specifier, range };
}

/**
 * Yields the folders to look for a package from, as a file in them would: the importer's own, those of NODE_PATH, where this
 * kernel is installed, and where `npm install --global` puts packages.
 */
export function* placesFrom(folder: string): Generator<string> {
  yield folder;
  for (const path of (process.env.NODE_PATH ?? "").split(delimiter)) {
    if (basename(path) === "node_modules") yield dirname(path);
  }
  yield dirname(fileURLToPath(import.meta.url));
  const below = process.platform === "win32" ? "." : "lib";
  for (const prefix of npmPrefixes()) if (prefix !== undefined) yield join(prefix, below);
}

/** Returns npm's `prefix` in the order in which npm looks for it. npm itself takes half a second to say it. */
function npmPrefixes(): (string | undefined)[] {
  const { npm_config_prefix, NPM_CONFIG_PREFIX, APPDATA } = process.env;
  const usual = process.platform === "win32" ? [APPDATA && join(APPDATA, "npm")] : ["/usr/local"];
  return [npm_config_prefix ?? NPM_CONFIG_PREFIX, prefixOfUser(), join(dirname(process.execPath), ".."), ...usual];
}

/** Reads `prefix=~/.npm-global` in the user's .npmrc. */
function prefixOfUser(): string | undefined {
  const path = process.env.npm_config_userconfig ?? join(homedir(), ".npmrc");
  const prefix = existsSync(path) ? /^\s*prefix\s*=\s*(.+?)\s*$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  return prefix?.replace(/^(~|\$\{HOME\})(?=[\\/])/, homedir());
}

/**
 * Finds the tsconfig.json that holds for the code of a folder: the folder's own, else, as editors find it, the nearest one
 * further up that includes the folder's TypeScript. One that leaves the folder out is about another program.
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

/** Reads the compiler options of that file and of all it extends. Without one they are empty. */
export function readTsconfig(ts: typeof TypeScript, folder: string): TypeScript.CompilerOptions {
  const path = tsconfigOf(folder)?.path;
  if (path === undefined) return {};
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const host = { ...ts.sys, readDirectory: () => [] }; // which files it includes does not matter any more
  return ts.parseJsonConfigFileContent(config ?? {}, host, dirname(path), undefined, path).options;
}

/** Returns a string that changes when the file changes or disappears. */
export function fileVersion(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return `${stats?.mtimeMs ?? 0}:${stats?.size ?? 0}`;
}
