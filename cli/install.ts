/** `thaw install` and `thaw uninstall`: make the kernel known to one Jupyter, and take it away again. */
import { installKernelspec } from "../kernel/install/kernelspec.ts";
import { uninstallKernelspec } from "../kernel/install/uninstall.ts";
import { type TargetOptions, targetFrom } from "./target.ts";

/** The options of `thaw uninstall` as commander gives them. */
export interface UninstallOptions extends TargetOptions {
  readonly name?: string;
}

/** The options of `thaw install` as commander gives them. */
export interface InstallOptions extends UninstallOptions {
  readonly displayName?: string;
}

/** Installs the kernel where the options say (default: for the user) and returns the folder. */
export function installFrom({ name, displayName, ...target }: InstallOptions): string {
  return installKernelspec({
    ...targetFrom(target),
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
  });
}

/** Removes the kernel from where the options say and returns the folder that is gone. */
export function uninstallFrom({ name, ...target }: UninstallOptions): string {
  return uninstallKernelspec({ ...targetFrom(target), ...(name === undefined ? {} : { name }) });
}
