/**
 * Tells where everything lies, in a clone and where the package is installed into a person's own project, and in which
 * environment tools run there. Nothing is written here.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Context Where this clone or installation has what, and the environment of its programs.
 * @property {string} root the clone, or the package in node_modules
 * @property {boolean} installed whether this is a package in node_modules: built already, and Jupyter is the person's own
 * @property {string} home the folder that holds `.thaw`: the clone, the project, or for a global installation the person's home
 * @property {string} nodeVersion
 * @property {string} platform as `process.platform`
 * @property {((folder: string) => number) | undefined} freeBytes stands in for what the disk says
 * @property {NodeJS.ProcessEnv} env
 * @property {Paths} paths
 */

/**
 * @typedef {object} Paths
 * @property {string} thaw `.thaw`, which holds everything below that is not named otherwise
 * @property {string} venv the Python environment
 * @property {string} python its program
 * @property {string} ipython the folder of IPython's settings
 * @property {string} temporary emptied by every set-up
 * @property {string} markers what proves that a step was done
 * @property {string} models
 * @property {string} data the rated texts
 * @property {string} modules node_modules of the clone
 * @property {string} dist what the TypeScript sources are compiled to
 * @property {string} binding the folder of tfjs-node-gpu, looked for whenever it is asked for
 * @property {string} napiHeaders the headers of Node's C interface
 */

/**
 * @typedef {object} Step One thing that the set-up makes.
 * @property {string} name
 * @property {number} bytes the room that it needs on the disk
 * @property {(context: Context) => { done: boolean, detail: string }} check looks whether it is there, in milliseconds
 * @property {(context: Context) => Promise<void>} run makes it
 */

/** Root of the clone, or of the installed package, that this file belongs to. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Returns the context of a clone or an installation.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, nodeVersion?: string, platform?: string, freeBytes?: (folder: string) => number }} [options]
 *   `nodeVersion` and `freeBytes` stand in for what the machine says.
 * @returns {Context}
 */
export function createContext({
  root = packageRoot,
  env = process.env,
  nodeVersion = process.versions.node,
  platform = process.platform,
  freeBytes,
} = {}) {
  const installed = root.split(sep).includes("node_modules");
  const home = installed ? projectOf(root) : root;
  const thaw = env.THAW_HOME || join(home, ".thaw");
  // A project's own .venv is the person's; a clone's is ours, and JupyterLab lives in it too.
  const venv = installed ? join(thaw, "venv") : join(root, ".venv");
  return {
    root,
    installed,
    home,
    nodeVersion,
    platform,
    freeBytes,
    env: { ...env, ...pythonEnvironment, ...(installed ? {} : cloneEnvironment(thaw)) },
    paths: {
      thaw,
      venv,
      python: join(venv, "bin", "python"),
      ipython: join(thaw, "jupyter", "ipython"),
      temporary: join(thaw, "tmp"),
      markers: join(thaw, "done"),
      models: join(thaw, "models"),
      data: join(thaw, "data"),
      modules: join(root, "node_modules"),
      dist: join(root, "dist"),
      get binding() {
        return packageFolder({ root, installed }, "@tensorflow/tfjs-node-gpu");
      },
      get napiHeaders() {
        return join(packageFolder({ root, installed }, "node-api-headers"), "include");
      },
    },
  };
}

/**
 * Returns the project into whose node_modules the package was installed, or the person's home when that is no project
 * (`npm i -g`).
 * @param {string} root
 */
function projectOf(root) {
  const parts = root.split(sep);
  const project = parts.slice(0, parts.indexOf("node_modules")).join(sep);
  return existsSync(join(project, "package.json")) ? project : homedir();
}

/**
 * Returns the folder in which Node finds a package of ours: in a clone's own node_modules, or wherever the person's npm has
 * put it.
 * @param {Pick<Context, "root" | "installed">} context
 * @param {string} name
 */
export function packageFolder({ root, installed }, name) {
  const own = join(root, "node_modules", name);
  if (!installed) return own;
  for (let folder = root; dirname(folder) !== folder; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
  }
  return own;
}

const pythonEnvironment = {
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  PIP_NO_INPUT: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  PYTHONUTF8: "1",
  npm_config_update_notifier: "false",
};

/**
 * Keeps what pip, npm and Jupyter write inside the clone; HOME is left alone.
 * @param {string} thaw the folder `.thaw`
 */
function cloneEnvironment(thaw) {
  const jupyter = join(thaw, "jupyter");
  return {
    PIP_CACHE_DIR: join(thaw, "cache", "pip"),
    npm_config_cache: join(thaw, "cache", "npm"),
    JUPYTER_CONFIG_DIR: join(jupyter, "config"),
    JUPYTER_DATA_DIR: join(jupyter, "data"),
    JUPYTER_RUNTIME_DIR: join(jupyter, "runtime"),
    IPYTHONDIR: join(jupyter, "ipython"),
  };
}
