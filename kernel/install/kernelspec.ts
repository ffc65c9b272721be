/** Puts the kernel where Jupyter finds it, a folder with `kernel.json` and logos, and takes it away again. Needs no Python. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../../shared/codedError.ts";
import { type InstallTarget, kernelFolder } from "./folders.ts";
import { readKernelspec } from "./search.ts";

/** The names that can differ from the usual installation. */
interface KernelspecOptions {
  /** Name of the folder, by which notebooks refer to the kernel: letters, digits, `.`, `_`, `-`. Default: `"thaw"`. */
  readonly name?: string;
  /** Name that frontends show. Default: `"TypeScript (Thaw)"`. */
  readonly displayName?: string;
}

/**
 * Writes the kernelspec and returns its folder. An older one of that name is replaced if it is Thaw's.
 * The Node that runs this is the Node that will run the kernel. Errors: `NOT_BUILT`, `BAD_KERNEL_NAME`,
 * `FOREIGN_KERNELSPEC`, `NO_ENVIRONMENT`.
 */
export function installKernelspec({
  name = "thaw",
  displayName = "TypeScript (Thaw)",
  ...target
}: InstallTarget & KernelspecOptions): string {
  const folder = kernelFolder(target, name);
  const older = readKernelspec(folder);
  if (older?.state.kind === "foreign") {
    throw new CodedError(
      "FOREIGN_KERNELSPEC",
      `${folder} is another kernel ("${older.displayName}") that Thaw did not make, so it is left alone. Choose another --name.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const logos = logosFolder();
  if (logos !== undefined) cpSync(logos, folder, { recursive: true });
  const file = join(folder, "kernel.json");
  writeFileSync(`${file}.new`, `${JSON.stringify(kernelspec(displayName), undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
  return folder;
}

/**
 * Removes the kernelspec of this name and returns the folder that is gone. Errors: `NO_KERNELSPEC` when there is none,
 * `FOREIGN_KERNELSPEC` when Thaw did not make it.
 */
export function uninstallKernelspec({ name = "thaw", ...target }: InstallTarget & { readonly name?: string }): string {
  const folder = kernelFolder(target, name);
  const found = readKernelspec(folder);
  if (found === undefined) {
    throw new CodedError(
      "NO_KERNELSPEC",
      `There is no kernel ${folder}. \`thaw status\` shows where there is one; name its place with --prefix DIR, --user or --sys-prefix.`,
    );
  }
  if (found.state.kind === "foreign") {
    throw new CodedError(
      "FOREIGN_KERNELSPEC",
      `${folder} was not made by Thaw ("${found.displayName}"), so it is left alone. Remove it with \`jupyter kernelspec uninstall ${name}\`.`,
    );
  }
  rmSync(folder, { recursive: true });
  return folder;
}

/** Returns the content of `kernel.json`, with absolute paths: frontends start kernels with a PATH of their own. */
export function kernelspec(displayName: string): object {
  const candidates = ["../main.cjs", "../../dist/kernel/main.cjs"]; // beside the compiled copy of this file, or from its source
  const main = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));
  if (main === undefined) {
    throw new CodedError(
      "NOT_BUILT",
      'The kernel is not built: dist/kernel/main.cjs is missing. Run "npm run build" in the clone, or install the package again.',
    );
  }
  return {
    // Forced interrupts leave Node's bookkeeping of async hooks behind, and its check would end the process for it.
    argv: [
      process.execPath,
      "--no-force-async-hooks-checks",
      "--disable-warning=ExperimentalWarning",
      main,
      "{connection_file}",
    ],
    display_name: displayName,
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

/** Finds the logos, which lie beside the sources, of which `dist/` is the compiled copy. */
function logosFolder(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, "logos"), join(here, "../../../kernel/install/logos")].find((folder) => existsSync(folder));
}
