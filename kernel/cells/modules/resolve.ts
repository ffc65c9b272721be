/**
 * Resolves a specifier in a cell or local file: it means a file that the kernel compiles, or something that Node loads.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { createPathsMatcher } from "get-tsconfig";
import { type NpmSpecifier, npmSpecifier, placesFrom, tsconfigOf } from "../../shared/modules.ts";
import { fromCellPromise, kernelPackage } from "../realm/cellRealm.ts";
import { parse } from "../rewrite/parse.ts";
import { packageOf, refuseOtherVersion } from "./packageVersion.ts";

type Load = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;
type Resolver = import("oxc-resolver").ResolverFactory;

/** A module as found, before it is loaded. */
type Resolved =
  | { readonly kind: FileKind; readonly path: string }
  | { readonly kind: "node"; readonly load: () => ReturnType<Load>; readonly require: () => unknown };

/** The condition in the `exports` of a package.json under which a module is wanted. */
type ImportCondition = "import" | "require";

const endings = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];
const guesses = ["", ...endings];
const indexes = ["/index.ts", "/index.tsx", "/index.js"];
const loaders = new Map<string, Load>();
const resolvers = new Map<string, Resolver>();

/** Finds `specifier` as seen from `folder`. Throws where a local path leads to no file. */
export function resolveModule(
  written: string,
  folder: string,
  condition: ImportCondition = "import",
  options?: ImportCallOptions,
): Resolved {
  const asked = npmSpecifier(written);
  if (isLocal(asked.specifier)) return localModule(asked.specifier, folder, options);
  return (
    namedFile(asked.specifier, folder, condition) ?? {
      kind: "node",
      load: () => loadPackage(asked, folder, options),
      require: () => requirePackage(asked, folder),
    }
  );
}

function localModule(specifier: string, folder: string, options: ImportCallOptions | undefined): Resolved {
  const plain = /^[^%?#:]*$/.test(specifier) ? findFile(resolve(folder, specifier)) : undefined;
  const kindOfPlain = plain === undefined ? undefined : kindOfFile(plain);
  if (plain !== undefined && kindOfPlain !== undefined) return { kind: kindOfPlain, path: plain };
  const url = new URL(specifier, pathToFileURL(`${folder}/`));
  const path = findFile(fileURLToPath(url));
  if (path === undefined) throw notFound(specifier, folder);
  const kind = kindOfFile(path);
  return kind === undefined ? nodeFile(path, folder, options, url.search) : { kind, path };
}

/** Returns a file that Node loads, by its path. */
function nodeFile(path: string, folder: string, options?: ImportCallOptions, search = ""): Resolved {
  const href = pathToFileURL(path).href + search;
  return {
    kind: "node",
    load: () => loaderFor(folder)(href, options),
    require: () => createRequire(`${folder}/notebook`)(path) as unknown,
  };
}

/**
 * Resolves names that Node would not find, or not run: a file by the `paths` of the tsconfig.json, TypeScript of a
 * linked package or of `imports` in the package.json, a file chosen by a custom condition. Undefined for all that Node
 * loads.
 */
function namedFile(specifier: string, folder: string, condition: ImportCondition): Resolved | undefined {
  if (isBuiltin(specifier)) return undefined;
  const tsconfig = tsconfigOf(folder);
  const own = tsconfig?.config.compilerOptions?.customConditions ?? [];
  for (const candidate of (tsconfig && createPathsMatcher(tsconfig)?.(specifier)) ?? []) {
    const path = findFile(candidate);
    if (path === undefined || isDeclaration(path)) continue;
    const kind = kindOfFile(path);
    return kind === undefined ? nodeFile(path, folder) : { kind, path };
  }
  for (const place of placesFrom(folder)) {
    const path = resolver([...own, "node", condition]).sync(place, specifier).path ?? sourceOf(specifier, place, own);
    if (path === undefined) continue;
    if (isTypeScript(path)) return { kind: "compiled", path };
    const isOthers = own.length > 0 && path !== resolver(["node", condition]).sync(place, specifier).path;
    return isOthers ? nodeFile(path, folder) : undefined;
  }
  return undefined;
}

/** Returns the source file that a package declares as its types, for a package whose main file has not been built. */
function sourceOf(specifier: string, place: string, own: readonly string[]): string | undefined {
  const { path } = resolver([...own, "types", "node", "import"]).sync(place, specifier);
  return path !== undefined && isTypeScript(path) ? path : undefined;
}

function resolver(conditionNames: readonly string[]): Resolver {
  const key = conditionNames.join(" ");
  const known = resolvers.get(key);
  known?.clearCache(); // packages may have been installed since
  if (known !== undefined) return known;
  const { ResolverFactory } = kernelPackage<typeof import("oxc-resolver")>("oxc-resolver");
  const made = new ResolverFactory({
    conditionNames: [...conditionNames],
    extensions: [".js", ".json", ".node", ".ts", ".tsx", ".mts", ".cts"],
    extensionAlias: { ".js": [".js", ".ts", ".tsx"], ".mjs": [".mjs", ".mts"], ".cjs": [".cjs", ".cts"] },
    nodePath: false,
  });
  resolvers.set(key, made);
  return made;
}

/** Carries out `import.meta.resolve`. */
export function resolveUrl(written: string, folder: string): string {
  const { specifier } = npmSpecifier(written);
  if (isBuiltin(specifier)) return specifier.replace(/^(?:node:)?/, "node:");
  if (isLocal(specifier)) {
    const url = new URL(specifier, pathToFileURL(`${folder}/`));
    const path = findFile(fileURLToPath(url));
    return path === undefined ? url.href : pathToFileURL(path).href + url.search + url.hash;
  }
  const named = namedFile(specifier, folder, "import");
  if (named !== undefined && named.kind !== "node") return pathToFileURL(named.path).href;
  for (const cwd of placesFrom(folder)) {
    // Node itself says where `import` would go, but only to an ES module, which a cell is not
    const script = "process.stdout.write(import.meta.resolve(process.argv[1]))";
    const asked = spawnSync(process.execPath, ["--input-type=module", "--eval", script, specifier], { cwd });
    if (asked.status === 0) return String(asked.stdout);
  }
  throw missing(specifier, folder);
}

function isLocal(specifier: string): boolean {
  return /^(\.{0,2}\/|\.{1,2}$|file:)/.test(specifier);
}

function isTypeScript(path: string): boolean {
  return /\.([mc]?ts|tsx)$/.test(path) && !isDeclaration(path);
}

function isDeclaration(path: string): boolean {
  return /\.d\.[mc]?ts$/.test(path);
}

/**
 * Finds a file: `./x` may be `x.ts`, and `./x.js` too, since TypeScript writes the name of what it would compile to.
 */
function findFile(path: string): string | undefined {
  const candidates = [...guesses, ...indexes].map((ending) => path + ending);
  if (/\.[mc]?jsx?$/.test(path)) candidates.push(path.replace(/js(x?)$/, "ts$1"), path.replace(/jsx?$/, "tsx"));
  return candidates.map((candidate) => resolve(candidate)).find((file) => existsSync(file) && statSync(file).isFile());
}

async function loadPackage(asked: NpmSpecifier, folder: string, options?: ImportCallOptions): ReturnType<Load> {
  const { specifier } = asked;
  refuseOtherVersion(asked, folder);
  for (const place of placesFrom(folder)) {
    try {
      return await fromCellPromise(loaderFor(place)(specifier, options));
    } catch (error) {
      if (!isMissing(error, specifier)) throw error;
    }
    // a folder of NODE_PATH need not be called node_modules, and then only `require` knows it
    const path = place === folder ? requiredPath(specifier, folder, "ERR_PACKAGE_PATH_NOT_EXPORTED") : undefined;
    if (path !== undefined) return await fromCellPromise(loaderFor(folder)(pathToFileURL(path).href, options));
  }
  throw missing(specifier, folder);
}

function requirePackage(asked: NpmSpecifier, folder: string): unknown {
  const { specifier } = asked;
  refuseOtherVersion(asked, folder);
  for (const place of placesFrom(folder)) {
    const path = requiredPath(specifier, place);
    if (path !== undefined) return createRequire(`${place}/notebook`)(path);
  }
  throw missing(specifier, folder);
}

/** Returns the path at which `require` finds a package; undefined if it is missing or excluded by one of `reasons`. */
function requiredPath(specifier: string, folder: string, ...reasons: string[]): string | undefined {
  try {
    return createRequire(`${folder}/notebook`).resolve(specifier);
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (["MODULE_NOT_FOUND", ...reasons].includes(code)) return undefined;
    throw error;
  }
}

function missing(specifier: string, folder: string): Error {
  const name = packageOf(specifier);
  const message = `Cannot find package '${name}' from ${folder}. To install it: npm install ${name}`;
  return Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
}

/** Creates the error of a missing local file. One in the folder that `%cd` has chosen may have been meant. */
function notFound(specifier: string, folder: string): Error {
  const here = specifier.startsWith(".") ? findFile(resolve(process.cwd(), specifier)) : undefined;
  const path = here === undefined ? "" : relative(folder, here);
  const advice =
    here === undefined
      ? ""
      : `. Imports start from the notebook's folder, wherever %cd has gone. There it is: ${path.startsWith(".") ? path : `./${path}`}`;
  const error = new Error(`Cannot find module '${specifier}' from ${folder}${advice}`);
  return Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
}

function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === "ERR_MODULE_NOT_FOUND" && (message ?? "").includes(`package '${packageOf(specifier)}'`);
}

/**
 * Returns Node's own `import()` as a file in `folder` would call it: ESM with top-level await, CommonJS, `exports`
 * maps.
 */
function loaderFor(folder: string): Load {
  let load = loaders.get(folder);
  if (load === undefined) {
    const script = new vm.Script("(specifier, options) => import(specifier, options)", {
      filename: `${folder}/[notebook]`,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    load = script.runInThisContext() as Load;
    loaders.set(folder, load);
  }
  return load;
}

/**
 * The ways to load a local file. `compiled`: by this kernel, as a module; `commonjs`: by Node's `require`. Both are
 * loaded again when they change.
 */
type FileKind = "compiled" | "commonjs" | "json";

/**
 * The longest JavaScript file in bytes that is compiled: a longer one is a bundle that nobody edits, and Node loads it
 * faster.
 */
const longest = 500_000;

/** Returns how a local file is loaded; undefined for what Node alone loads: packages, bundles, addons, WebAssembly. */
function kindOfFile(path: string): FileKind | undefined {
  const ending = extname(path);
  if (ending === ".json") return "json";
  if (/^\.([mc]?ts|tsx|jsx)$/.test(ending)) return "compiled";
  if (!/^\.[mc]?js$/.test(ending) || /[\\/]node_modules[\\/]/.test(path)) return undefined;
  if (ending === ".cjs") return "commonjs";
  if (ending === ".js" && !isModule(path)) return "commonjs";
  return statSync(path).size > longest ? undefined : "compiled";
}

/** Decides as Node does: by the `type` of the nearest package.json, without one by the text. */
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
