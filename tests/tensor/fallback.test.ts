/** The library where nothing but `npm ci` was done: the addon's package is there, what set-up compiles is not. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureBuilt } from "../built.ts";
import { goldenPath } from "../golden/read.ts";

await ensureBuilt();

const modules = resolve("node_modules");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-fallback-"));
  for (const part of ["src", "shared"]) cpSync(join("dist", part), join(folder, "dist", part), { recursive: true });
  cpSync("package.json", join(folder, "package.json"));
  const engine = join(folder, "node_modules", "@tensorflow");
  mkdirSync(engine, { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== "@tensorflow") symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  for (const name of readdirSync(join(modules, "@tensorflow"))) {
    if (name !== "tfjs-node-gpu") symlinkSync(join(modules, "@tensorflow", name), join(engine, name));
  }
  cpSync(join(modules, "@tensorflow", "tfjs-node-gpu"), join(engine, "tfjs-node-gpu"), {
    recursive: true,
    filter: (path) => !path.endsWith("napi-v8"),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, engine = "") {
  writeFileSync(join(folder, "program.mjs"), program);
  const env = { ...process.env, THAW_ENGINE: engine };
  return spawnSync(process.execPath, ["program.mjs"], { cwd: folder, env, encoding: "utf8" });
}

test("a small BERT trains without TensorFlow, which is said once, with the way to get it", () => {
  const { status, stdout, stderr } = run(`
    import { AutoModelForSequenceClassification, AutoTokenizer, sessionInfo, TextDataset, Trainer } from "./dist/src/index.js";
    const model = await AutoModelForSequenceClassification.fromPretrained(${JSON.stringify(goldenPath("bert-tiny-base"))}, { numLabels: 2, seed: 0 });
    const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});
    const rows = Array.from({ length: 32 }, (_, i) => ({ text: i % 2 ? "a b c" : "x y z", label: i % 2 }));
    const args = { numTrainEpochs: 3, learningRate: 1e-3, disableTqdm: true };
    const run = await new Trainer({ model, tokenizer, trainDataset: TextDataset.fromRows(rows), args }).train();
    console.log(JSON.stringify({ engine: sessionInfo().entries.engine, losses: run.history.map(({ loss }) => loss) }));
  `);
  expect(status, stderr).toBe(0);
  const { engine, losses } = JSON.parse(stdout.trim().split("\n").at(-1) as string);
  expect(engine).toBe("WebAssembly (wasm)");
  expect(losses[2]).toBeLessThan(losses[0]);
  expect(stderr.match(/TensorFlow could not be loaded/g)).toHaveLength(1);
  expect(stderr).toContain("npx thaw setup");
});

test("THAW_ENGINE=tensorflow wants nothing else", () => {
  const { status, stderr } = run(`await import("./dist/src/index.js")`, "tensorflow");
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/ENGINE_MISSING|TensorFlow could not be loaded/);
});

test("an engine that does not exist is named with those that do", () => {
  expect(run(`await import("./dist/src/index.js")`, "cuda").stderr).toContain("Known engines: tensorflow, wasm");
});
