/** Finds the kernelspecs that a Jupyter of this machine may know, and says which are Thaw's and can start. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { userDataFolder } from "./folders.ts";

/** Whether a kernelspec is Thaw's and can start. */
type KernelspecState =
  | { readonly kind: "ok"; readonly version: string; readonly node: string }
  /** The Node that was to run it does not exist any more. */
  | { readonly kind: "noNode"; readonly path: string }
  /** The kernel that it was to start does not exist any more. */
  | { readonly kind: "noKernel"; readonly path: string }
  /** The kernelspec was not made by Thaw, or cannot be read. */
  | { readonly kind: "foreign" };

/** A kernelspec as found on disk. */
export interface FoundKernelspec {
  readonly name: string;
  readonly folder: string;
  readonly displayName: string;
  readonly state: KernelspecState;
}

/**
 * Returns Jupyter's data folders, first choice first as `jupyter --paths` has them: JUPYTER_PATH, the user's, those of Python
 * environments, the machine's. `prefixes` names environments that are not on PATH.
 */
export function jupyterDataFolders(prefixes: readonly string[] = []): string[] {
  const { JUPYTER_PATH, VIRTUAL_ENV, CONDA_PREFIX } = process.env;
  const environments = [VIRTUAL_ENV, CONDA_PREFIX, ...prefixesOnPath(), ...prefixes, "/usr/local", "/usr"];
  const folders = [
    ...(JUPYTER_PATH ?? "").split(delimiter),
    userDataFolder(),
    ...environments.map((prefix) => prefix && join(prefix, "share", "jupyter")),
  ];
  return [...new Set(folders.filter((folder) => folder).map((folder) => resolve(folder as string)))];
}

/** Finds the kernelspecs that are Thaw's or are called `thaw`, in the order of the folders. */
export function findKernelspecs(dataFolders: readonly string[]): FoundKernelspec[] {
  return dataFolders
    .map((folder) => join(folder, "kernels"))
    .flatMap((kernels) => namesIn(kernels).map((name) => readKernelspec(join(kernels, name))))
    .filter((spec) => spec !== undefined)
    .filter(({ name, state }) => state.kind !== "foreign" || name === "thaw");
}

/** Reads the kernelspec in a folder; returns undefined when there is no `kernel.json`. */
export function readKernelspec(folder: string): FoundKernelspec | undefined {
  const file = join(folder, "kernel.json");
  if (!existsSync(file)) return undefined;
  const content = readJson(file);
  const { display_name, argv, language } = content ?? {};
  return {
    name: basename(folder),
    folder,
    displayName: typeof display_name === "string" ? display_name : "",
    state: stateOf(Array.isArray(argv) ? argv.map(String) : [], language),
  };
}

function stateOf([node = "", ...rest]: readonly string[], language: unknown): KernelspecState {
  const main = rest.find((argument) => /[\\/]dist[\\/]kernel[\\/]main\.c?js$/.test(argument));
  if (main === undefined || language !== "typescript") return { kind: "foreign" };
  const manifest = readJson(join(dirname(main), "..", "..", "package.json"));
  if (manifest !== undefined && manifest.name !== "thaw") return { kind: "foreign" };
  if (!existsSync(main) || manifest === undefined) return { kind: "noKernel", path: main };
  if (!existsSync(node)) return { kind: "noNode", path: node };
  return { kind: "ok", version: String(manifest.version), node };
}

function readJson(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // gone, or no JSON: whose it is cannot be told
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // most of the folders do not exist
  }
}

/** Returns `sys.prefix` of the Pythons that PATH leads to, and of the one that `jupyter` there is run by. */
function prefixesOnPath(): string[] {
  const pythons = ["python3", "python"].flatMap((name) => onPath(name) ?? []);
  const jupyter = onPath("jupyter");
  const interpreter = jupyter && /^#!(\/\S*python\S*)$/m.exec(firstLine(jupyter))?.[1];
  return [...new Set([...pythons, ...(interpreter ? [interpreter] : [])])].flatMap(prefixOf);
}

function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function firstLine(file: string): string {
  try {
    return readFileSync(realpathSync(file), "utf8").split("\n", 1)[0] ?? "";
  } catch {
    return "";
  }
}

/** Returns the prefix of a Python. An environment says by its pyvenv.cfg where it is; any other Python is asked. */
function prefixOf(python: string): string[] {
  const prefix = dirname(dirname(python));
  if (existsSync(join(prefix, "pyvenv.cfg"))) return [prefix];
  const { status, stdout } = spawnSync(python, ["-c", "import sys; print(sys.prefix)"], {
    encoding: "utf8",
    timeout: 5000,
  });
  return status === 0 && stdout.trim() !== "" ? [stdout.trim()] : [];
}
