/** Knows the folders in which Jupyter looks for kernels. */
import { homedir } from "node:os";
import { join } from "node:path";
import { CodedError } from "../../shared/codedError.ts";

/** A place to install into: exactly one of the three. */
export type InstallTarget =
  /** The user's own Jupyter data folder. */
  | { readonly user: true }
  /** A Python environment's folder, such as `.venv`: the kernel goes under `share/jupyter`. */
  | { readonly prefix: string }
  /** The Python environment that is active (`VIRTUAL_ENV` or `CONDA_PREFIX`), or the one whose folder is given. */
  | { readonly sysPrefix: true | string };

/** Returns the folder of a kernel of this name. Errors: `BAD_KERNEL_NAME`, `NO_ENVIRONMENT`. */
export function kernelFolder(target: InstallTarget, name: string): string {
  if (!/^(?!\.+$)[A-Za-z0-9._-]+$/.test(name)) {
    throw new CodedError(
      "BAD_KERNEL_NAME",
      `A kernel's name has letters, digits, ".", "_" and "-" only, got "${name}". Choose another --name.`,
    );
  }
  return join(kernelsFolder(target), name);
}

/** Returns the `kernels` folder of a target. Throws when `sysPrefix` is asked for and no environment is active. */
export function kernelsFolder(target: InstallTarget): string {
  if ("user" in target) return join(userDataFolder(), "kernels");
  if ("prefix" in target) return join(target.prefix, "share", "jupyter", "kernels");
  const active = process.env.VIRTUAL_ENV ?? process.env.CONDA_PREFIX;
  const prefix = target.sysPrefix === true ? active : target.sysPrefix;
  if (prefix === undefined || prefix === "") {
    throw new CodedError(
      "NO_ENVIRONMENT",
      "No Python environment is active: VIRTUAL_ENV and CONDA_PREFIX are not set. " +
        "Activate the one that JupyterLab runs in, or name its folder with --prefix DIR, or use --user.",
    );
  }
  return join(prefix, "share", "jupyter", "kernels");
}

/** Returns the user's Jupyter data folder. */
export function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(APPDATA ?? homedir(), "jupyter");
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}
