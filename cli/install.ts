/** `thaw install` and `thaw uninstall`: make the kernel known to one Jupyter, and take it away again. */
import { resolve } from "node:path";
import type { InstallTarget } from "../kernel/install/folders.ts";
import { installKernelspec, uninstallKernelspec } from "../kernel/install/kernelspec.ts";
import { CodedError } from "../shared/codedError.ts";

/** The options by which `thaw install` and `thaw uninstall` name a place, as commander gives them. */
interface TargetOptions {
  readonly sysPrefix?: true;
  readonly user?: true;
  readonly prefix?: string;
}

/** The options of `thaw uninstall` as commander gives them. */
export interface UninstallOptions extends TargetOptions {
  readonly name?: string;
}

/** The options of `thaw install` as commander gives them. */
export interface InstallOptions extends UninstallOptions {
  readonly displayName?: string;
}

/** Installs the kernel where the options say (default: for the user). Returns the folder of its kernelspec. */
export function installFrom({ name, displayName, ...target }: InstallOptions): string {
  return installKernelspec({
    ...targetFrom(target),
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
  });
}

/** Removes the kernel from where the options say. Returns the folder that was removed. */
export function uninstallFrom({ name, ...target }: UninstallOptions): string {
  return uninstallKernelspec({ ...targetFrom(target), ...(name === undefined ? {} : { name }) });
}

/** Returns the one place that the options name, the user's own when they name none. Errors: `TWO_PLACES`. */
function targetFrom({ sysPrefix, user, prefix }: TargetOptions): InstallTarget {
  const targets: InstallTarget[] = [
    ...(sysPrefix ? [{ sysPrefix } as const] : []),
    ...(prefix === undefined ? [] : [{ prefix: resolve(prefix) }]),
    ...(user ? [{ user } as const] : []),
  ];
  const [target = { user: true } as const, second] = targets;
  if (second === undefined) return target;
  throw new CodedError(
    "TWO_PLACES",
    "Give one of --user, --sys-prefix and --prefix, got more: each names another place.",
  );
}
