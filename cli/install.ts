/** `thaw install`: makes the kernel known to one Jupyter. */
import { resolve } from "node:path";
import type { InstallTarget } from "../kernel/install/folders.ts";
import { installKernelspec } from "../kernel/install/kernelspec.ts";
import { ThawError } from "../src/errors.ts";

/** The command's options as commander gives them. */
export interface InstallOptions {
  readonly sysPrefix?: true;
  readonly user?: true;
  readonly prefix?: string;
  readonly name?: string;
  readonly displayName?: string;
}

/** Installs the kernel where the options say (default: for the user) and returns the folder. Throws when they name two places. */
export function installFrom({ sysPrefix, user, prefix, name, displayName }: InstallOptions): string {
  const targets: InstallTarget[] = [
    ...(sysPrefix ? [{ sysPrefix } as const] : []),
    ...(prefix === undefined ? [] : [{ prefix: resolve(prefix) }]),
    ...(user ? [{ user } as const] : []),
  ];
  const [target = { user: true } as const, second] = targets;
  if (second !== undefined) {
    throw new ThawError(
      "TWO_PLACES",
      "Give one of --user, --sys-prefix and --prefix, got more: each names another place.",
    );
  }
  return installKernelspec({
    ...target,
    ...(name === undefined ? {} : { name }),
    ...(displayName === undefined ? {} : { displayName }),
  });
}
