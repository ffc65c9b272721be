/**
 * The same seed gives the same weights: in ten runs, on one thread and two, in two processes at once; and whether it does for ops
 * compiled for other instructions of the same processor (environment.md states where it does not).
 */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ensureBuilt } from "../built.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";

const root = join(import.meta.dirname, "../..");
const program = join(import.meta.dirname, "tools", "trainOnce.mjs");
const models = ["tiny", "MiniLM"] as const;

await ensureBuilt();

/** Set-up is plain JavaScript, which has no types here. */
const setup = async (name: string) => await import(new URL(`../../setup/${name}`, import.meta.url).href);
const { contextFrom } = await setup("program.mjs");
const { fusedCall } = await setup("steps/native.mjs");
const { compilerPath, wheelFolder } = await setup("steps/tensorflow.mjs");

/** Trains in a process of its own, on these processors of the machine, with the library in this folder. */
async function train(model: string, { cores = "0,1", dist = join(root, "dist") } = {}) {
  const args = ["-c", cores, process.execPath, program, dist, model, dirname(goldenPath("bert-tiny"))];
  const { stdout } = await promisify(execFile)("taskset", args, { cwd: root });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { link: string; end: string; loss: number };
}

test.each(models)("%s: ten runs, on one thread and on two, have one hash", async (model) => {
  const all = [];
  for (let run = 0; run < 10; run++) all.push(await train(model, { cores: run % 2 === 0 ? "0,1" : "0" }));
  const links = new Set(all.map(({ link }) => link));
  console.log(`determinism, ${model}: 10 runs, 5 of them on one thread: ${links.size} hash`);
  expect(links.size).toBe(1);
});

test.each(models)("%s: two processes at once have the hash of one alone", async (model) => {
  const alone = await train(model);
  const both = await Promise.all([train(model), train(model)]);
  expect(both).toEqual([alone, alone]);
  console.log(`determinism, ${model}: two processes at once: 1 hash`);
});

test("ops compiled for AVX2 and for this processor: the same hash, or another with the same losses to four digits", async () => {
  const flags = /^flags\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  if (!flags.includes("avx512f")) return console.log("determinism: this processor has no AVX-512, nothing to compare");
  const dist = treeWithOpsFor("-march=haswell");
  for (const model of models) {
    const [wide, narrow] = [await train(model), await train(model, { dist })];
    const isSame = wide.link === narrow.link;
    console.log(
      `determinism, ${model}: AVX-512 and AVX2 builds have ${isSame ? "the same hash" : "other hashes"}; last losses ` +
        `${wide.loss} and ${narrow.loss}`,
    );
    expect(narrow.loss).toBeCloseTo(wide.loss, 3);
  }
});

/** Makes a copy of the library whose ops are compiled for other instructions; everything else is linked. */
function treeWithOpsFor(target: string): string {
  const folder = temporaryFolder();
  const [own, copy] = [join(root, "node_modules"), join(folder, "node_modules")];
  const addon = "tfjs-node-gpu";
  mkdirSync(join(copy, "@tensorflow"), { recursive: true });
  for (const name of readdirSync(own)) if (name !== "@tensorflow") symlinkSync(join(own, name), join(copy, name));
  for (const name of readdirSync(join(own, "@tensorflow"))) {
    if (name !== addon) symlinkSync(join(own, "@tensorflow", name), join(copy, "@tensorflow", name));
  }
  cpSync(join(own, "@tensorflow", addon), join(copy, "@tensorflow", addon), { recursive: true });
  for (const name of ["dist", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, ".thaw"), join(folder, ".thaw"));
  const context = contextFrom([]);
  const library = join(copy, "@tensorflow", addon, "lib", "napi-v8", "thaw_ops.node");
  const call = fusedCall(context, wheelFolder(context) ?? "", library, target);
  execFileSync(compilerPath(context) ?? "c++", call, { cwd: join(root, "native") });
  const marker = JSON.parse(readFileSync(`${library}.json`, "utf8"));
  writeFileSync(`${library}.json`, JSON.stringify({ ...marker, key: target }));
  return join(folder, "dist");
}
