/** Which kernelspecs are Thaw's, and whether what they start is still there. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What one kernelspec is worth. */
export type KernelspecState =
  | { readonly kind: "ok"; readonly version: string; readonly node: string }
  /** The Node that was to run it does not exist any more. */
  | { readonly kind: "noNode"; readonly path: string }
  /** The kernel that it was to start does not exist any more. */
  | { readonly kind: "noKernel"; readonly path: string }
  /** Not made by Thaw, or not to be read. */
  | { readonly kind: "foreign" };

/** A kernelspec as found on disk. */
export interface FoundKernelspec {
  readonly name: string;
  readonly folder: string;
  readonly displayName: string;
  readonly state: KernelspecState;
}

/** The kernelspec in a folder, or undefined when there is no `kernel.json`. */
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
