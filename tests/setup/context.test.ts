/** Where things lie in a clone, in a person's project, and after `npm install -g`. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repository } from "./scratchClone.ts";

interface Context {
  readonly installed: boolean;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly paths: { readonly thaw: string; readonly venv: string; readonly binding: string };
}
interface Step {
  readonly name: string;
}

const load = (path: string): Promise<unknown> => import(pathToFileURL(join(repository, "setup", path)).href);
const { createContext } = (await load("context.mjs")) as {
  createContext: (options: { root: string; env?: Record<string, string> }) => Context;
};
const { stepsFor } = (await load("steps.mjs")) as {
  stepsFor: (context: Context, options?: { engineOnly?: boolean }) => Step[];
};

let project = "";
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "thaw-project-")));
  writeFileSync(join(project, "package.json"), "{}");
});
afterEach(() => rmSync(project, { recursive: true }));

function addPackage(...path: string[]): string {
  const folder = join(project, "node_modules", ...path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  return folder;
}

test("a clone keeps everything inside itself, caches too, and never takes a parent's packages", () => {
  const root = join(project, "clone");
  addPackage("@tensorflow", "tfjs-node-gpu");
  const { installed, home, env, paths } = createContext({ root });
  expect({ installed, home }).toEqual({ installed: false, home: root });
  expect(paths).toMatchObject({ thaw: join(root, ".thaw"), venv: join(root, ".venv") });
  expect(paths.binding).toBe(join(root, "node_modules/@tensorflow/tfjs-node-gpu"));
  expect(env.npm_config_cache).toBe(join(root, ".thaw/cache/npm"));
});

test("a project gets .thaw beside its package.json, and its own .venv and caches are left alone", () => {
  const context = createContext({ root: addPackage("thaw"), env: { PIP_CACHE_DIR: "/person/pip" } });
  expect(context).toMatchObject({ installed: true, home: project });
  expect(context.paths).toMatchObject({ thaw: join(project, ".thaw"), venv: join(project, ".thaw/venv") });
  expect(context.env.PIP_CACHE_DIR).toBe("/person/pip");
  expect(context.env.npm_config_cache).toBeUndefined();
});

test("packages are found where npm has put them, hoisted or not, also when they come later", () => {
  const root = addPackage("thaw");
  const { paths } = createContext({ root });
  const hoisted = addPackage("@tensorflow", "tfjs-node-gpu");
  expect(paths.binding).toBe(hoisted);
  const own = addPackage("thaw", "node_modules", "@tensorflow", "tfjs-node-gpu");
  expect(paths.binding).toBe(own);
});

test("pnpm's store inside a project counts as that project", () => {
  expect(createContext({ root: addPackage(".pnpm", "thaw@0.1.0", "node_modules", "thaw") }).home).toBe(project);
});

test("a global installation keeps its things in the person's home, and THAW_HOME names another place", () => {
  const root = join(project, "lib", "node_modules", "thaw");
  expect(createContext({ root }).paths.thaw).toBe(join(homedir(), ".thaw"));
  const { paths } = createContext({ root, env: { THAW_HOME: "/elsewhere" } });
  expect(paths).toMatchObject({ thaw: "/elsewhere", venv: "/elsewhere/venv" });
});

test("a project needs no JupyterLab, build or kernelspec of its own, and model and data only if wanted", () => {
  const names = (engineOnly: boolean): string[] =>
    stepsFor(createContext({ root: addPackage("thaw") }), { engineOnly }).map(({ name }) => name);
  const engine = [
    "Node.js",
    "npm packages",
    "Python environment",
    "TensorFlow",
    "TensorFlow addon",
    "Fused operations",
  ];
  expect(names(true)).toEqual(expect.arrayContaining(engine));
  expect(names(false)).toEqual([...names(true), "MiniLM model", "rated texts"]);
  const ofClone = ["JupyterLab and plotly", "TypeScript build", "thaw command", "Jupyter kernel"];
  expect(names(false).filter((name) => ofClone.includes(name))).toEqual([]);
});
