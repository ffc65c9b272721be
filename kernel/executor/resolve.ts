/** What a specifier in a cell or local file means: a local TypeScript file, JSON, or something Node loads. */
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

/** A module as found, before it is loaded. */
export type Resolved =
  | { readonly kind: "typescript"; readonly path: string }
  | { readonly kind: "json"; readonly path: string }
  | { readonly kind: "node"; readonly load: () => Promise<Record<string, unknown>> };

type Load = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;

const typescript = new Set([".ts", ".tsx", ".mts", ".cts", ".jsx"]);
const guesses = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];
const indexes = ["/index.ts", "/index.tsx", "/index.js"];
const loaders = new Map<string, Load>();

/** Finds `specifier` as seen from `folder`. Throws where a local path leads to no file. */
export function resolveModule(written: string, folder: string, options?: ImportCallOptions): Resolved {
  const specifier = asNode(written);
  if (!/^(\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) {
    return { kind: "node", load: () => loadPackage(specifier, folder, options) };
  }
  const url = new URL(specifier, pathToFileURL(`${folder}/`));
  const path = findFile(fileURLToPath(url));
  if (path === undefined) {
    const error = new Error(`Cannot find module '${specifier}' from ${folder}`);
    throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  }
  if (typescript.has(extname(path))) return { kind: "typescript", path };
  if (extname(path) === ".json") return { kind: "json", path };
  const href = pathToFileURL(path).href + url.search;
  return { kind: "node", load: () => loaderFor(folder)(href, options) };
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

/** From the notebook's folder, then from NODE_PATH, then from where this kernel is installed. */
async function loadPackage(
  specifier: string,
  folder: string,
  options: ImportCallOptions | undefined,
): Promise<Record<string, unknown>> {
  try {
    return await loaderFor(folder)(specifier, options);
  } catch (error) {
    if (!isMissing(error, specifier)) throw error;
    const fromPath = requirePath(specifier, folder);
    if (fromPath !== undefined) return await loaderFor(folder)(pathToFileURL(fromPath).href, options);
    const here = dirname(fileURLToPath(import.meta.url));
    return await loaderFor(here)(specifier, options).catch((fallback: unknown) => {
      throw isMissing(fallback, specifier) ? missing(specifier, folder) : fallback;
    });
  }
}

function requirePath(specifier: string, folder: string): string | undefined {
  try {
    return createRequire(`${folder}/notebook`).resolve(specifier);
  } catch {
    return undefined;
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
