/** Where everything of one clone lies, and the environment in which its tools run. Nothing here touches the disk. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the clone this file belongs to. */
export const cloneRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, nodeVersion?: string, platform?: string, freeBytes?: (folder: string) => number }} [options]
 *   `nodeVersion` and `freeBytes` stand in for what the machine says.
 */
export function createContext({
  root = cloneRoot,
  env = process.env,
  nodeVersion = process.versions.node,
  platform = process.platform,
  freeBytes,
} = {}) {
  const thaw = join(root, ".thaw");
  const venv = join(root, ".venv");
  return {
    root,
    nodeVersion,
    platform,
    freeBytes,
    env: { ...env, ...toolEnvironment(thaw) },
    paths: {
      thaw,
      venv,
      python: join(venv, "bin", "python"),
      temporary: join(thaw, "tmp"),
      markers: join(thaw, "done"),
      models: join(thaw, "models"),
      data: join(thaw, "data"),
      modules: join(root, "node_modules"),
      dist: join(root, "dist"),
      binding: join(root, "node_modules", "@tensorflow", "tfjs-node-gpu"),
    },
  };
}

/** Keeps what pip, npm and Jupyter write inside the clone; HOME is left alone. */
export function toolEnvironment(thaw) {
  const jupyter = join(thaw, "jupyter");
  return {
    PIP_CACHE_DIR: join(thaw, "cache", "pip"),
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    npm_config_cache: join(thaw, "cache", "npm"),
    npm_config_update_notifier: "false",
    JUPYTER_CONFIG_DIR: join(jupyter, "config"),
    JUPYTER_DATA_DIR: join(jupyter, "data"),
    JUPYTER_RUNTIME_DIR: join(jupyter, "runtime"),
    IPYTHONDIR: join(jupyter, "ipython"),
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUTF8: "1",
  };
}
