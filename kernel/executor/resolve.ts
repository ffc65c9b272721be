/** What a specifier in a cell or local file means: a local file, or something Node loads. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { type FileKind, kindOfFile } from "./fileKind.ts";
import { placesFrom } from "./places.ts";

type Load = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;

/** A module as found, before it is loaded. */
export type Resolved =
  | { readonly kind: FileKind; readonly path: string }
  | { readonly kind: "node"; readonly load: () => ReturnType<Load>; readonly require: () => unknown };

const guesses = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];
const indexes = ["/index.ts", "/index.tsx", "/index.js"];
const loaders = new Map<string, Load>();

/** Finds `specifier` as seen from `folder`. Throws where a local path leads to no file. */
export function resolveModule(written: string, folder: string, options?: ImportCallOptions): Resolved {
  const specifier = asNode(written);
  if (!isLocal(specifier)) {
    return {
      kind: "node",
      load: () => loadPackage(specifier, folder, options),
      require: () => requirePackage(specifier, folder),
    };
  }
  const url = new URL(specifier, pathToFileURL(`${folder}/`));
  const path = findFile(fileURLToPath(url));
  if (path === undefined) {
    const error = new Error(`Cannot find module '${specifier}' from ${folder}`);
    throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  }
  const kind = kindOfFile(path);
  if (kind !== undefined) return { kind, path };
  const href = pathToFileURL(path).href + url.search;
  return {
    kind: "node",
    load: () => loaderFor(folder)(href, options),
    require: () => createRequire(`${folder}/notebook`)(path) as unknown,
  };
}

/** `import.meta.resolve` */
export function resolveUrl(written: string, folder: string): string {
  const specifier = asNode(written);
  if (isBuiltin(specifier)) return specifier.replace(/^(?:node:)?/, "node:");
  if (isLocal(specifier)) {
    const url = new URL(specifier, pathToFileURL(`${folder}/`));
    const path = findFile(fileURLToPath(url));
    return path === undefined ? url.href : pathToFileURL(path).href + url.search + url.hash;
  }
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

/** Notebooks written for Deno name packages as `npm:lodash@4/fp`: here that is the installed package. */
function asNode(specifier: string): string {
  if (specifier.startsWith("jsr:")) {
    const message = `Cannot import '${specifier}': packages come from npm here. Many of JSR are there too: see https://jsr.io/docs/npm-compatibility.`;
    throw Object.assign(new Error(message), { code: "ERR_UNSUPPORTED_REGISTRY" });
  }
  return specifier.replace(/^npm:\/?(@[^/]+\/[^/@]+|[^/@]+)(@[^/]*)?/, "$1");
}

/** `./x` may be `x.ts`, and `./x.js` too: TypeScript writes the name of what it would compile to. */
function findFile(path: string): string | undefined {
  const candidates = [...guesses, ...indexes].map((ending) => path + ending);
  if (/\.[mc]?jsx?$/.test(path)) candidates.push(path.replace(/js(x?)$/, "ts$1"), path.replace(/jsx?$/, "tsx"));
  return candidates.map((candidate) => resolve(candidate)).find((file) => existsSync(file) && statSync(file).isFile());
}

async function loadPackage(specifier: string, folder: string, options?: ImportCallOptions): ReturnType<Load> {
  for (const place of placesFrom(folder)) {
    try {
      return await loaderFor(place)(specifier, options);
    } catch (error) {
      if (!isMissing(error, specifier)) throw error;
    }
    // a folder of NODE_PATH need not be called node_modules, and then only `require` knows it
    const path = place === folder ? requiredPath(specifier, folder, "ERR_PACKAGE_PATH_NOT_EXPORTED") : undefined;
    if (path !== undefined) return await loaderFor(folder)(pathToFileURL(path).href, options);
  }
  throw missing(specifier, folder);
}

function requirePackage(specifier: string, folder: string): unknown {
  for (const place of placesFrom(folder)) {
    const path = requiredPath(specifier, place);
    if (path !== undefined) return createRequire(`${place}/notebook`)(path);
  }
  throw missing(specifier, folder);
}

/** Where `require` finds a package; undefined where it is missing, or where one of `reasons` keeps it. */
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

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === "ERR_MODULE_NOT_FOUND" && (message ?? "").includes(`package '${packageOf(specifier)}'`);
}

/** Node's own `import()` as a file in `folder` would call it: ESM with top-level await, CommonJS, `exports` maps. */
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
