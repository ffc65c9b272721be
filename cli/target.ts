/** Which Jupyter a command means: the options that `install` and `uninstall` share. */
import { resolve } from "node:path";
import type { InstallTarget } from "../kernel/install/folders.ts";
import { CodedError } from "../shared/codedError.ts";

/** The options as commander gives them. */
export interface TargetOptions {
  readonly sysPrefix?: true;
  readonly user?: true;
  readonly prefix?: string;
}

/** The one place that the options name; for the user when they name none. Errors: `TWO_PLACES`. */
export function targetFrom({ sysPrefix, user, prefix }: TargetOptions): InstallTarget {
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
