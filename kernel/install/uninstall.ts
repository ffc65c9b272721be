/** Takes a kernelspec away again. */
import { rmSync } from "node:fs";
import { CodedError } from "../../shared/codedError.ts";
import { type InstallTarget, kernelFolder } from "./folders.ts";
import { readKernelspec } from "./ownership.ts";

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
