/** Goal 24: a million damaged files, judged by this reader and by the reference at once; and what files cost that are made to. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { fileOf } from "../weights/safetensors/damaged.ts";
import { compare, judge, mutant } from "../weights/safetensors/differential.ts";
import { archiveOf, pickleOf } from "../weights/torch/torchArchive.ts";

const count = Number(process.env.THAW_MUTANTS ?? 1_000_000);
const batch = 10_000;
const firstSeed = 1_000_000;

test(`of ${count} mutants none is accepted that the reference refuses`, async () => {
  const reference = spawn(pythonOfGoldens(), [goldenPath("judge_safetensors.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const verdicts: Buffer[] = [];
  reference.stdout.on("data", (chunk: Buffer) => verdicts.push(chunk));
  const ended = once(reference, "close");
  const own: string[] = [];
  const accepted = Buffer.alloc(count);
  const before = process.memoryUsage().rss;
  let slowestMs = 0;
  for (let start = 0; start < count; start += batch) {
    const pieces: Buffer[] = [];
    for (let i = start; i < Math.min(count, start + batch); i++) {
      const file = mutant(firstSeed + i);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(file.length);
      pieces.push(length, file);
      const began = performance.now();
      const verdict = judge(file);
      slowestMs = Math.max(slowestMs, performance.now() - began);
      accepted[i] = verdict.accepted ? 1 : 0;
      own[i] = verdict.reason;
    }
    if (!reference.stdin.write(Buffer.concat(pieces))) await once(reference.stdin, "drain");
  }
  reference.stdin.end();
  await ended;
  const judged = Buffer.concat(verdicts);
  expect(judged).toHaveLength(count);
  const tally: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const outcome = compare(judged[i] === 1, { accepted: accepted[i] === 1, reason: own[i] as string });
    tally[outcome] = (tally[outcome] ?? 0) + 1;
    if (outcome !== "same" && outcome !== "stricter") console.log(`mutant ${firstSeed + i}: ${outcome}`);
  }
  const megabytes = Math.round((process.memoryUsage().rss - before) / 1e6);
  console.log(
    `${count} mutants:`,
    tally,
    `slowest ${slowestMs.toFixed(1)} ms, memory +${megabytes} MB (the verdicts are kept)`,
  );
  expect(Object.keys(tally).filter((outcome) => outcome !== "same" && outcome !== "stricter")).toEqual([]);
});

/** Opens a file in a fresh process: what it says, the milliseconds, and the memory at its highest beyond what there was before. */
const opener = `
  import { readFileSync } from "node:fs";
  const [reader, name, path, usual] = process.argv.slice(1);
  const open = (await import(reader))[name];
  for (let i = 0; i < 100; i++) await open(usual); // V8's code and its nursery are there before
  const resident = (key) => Number(new RegExp(key + ":\\\\s+(\\\\d+)").exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1000;
  const before = resident("VmRSS");
  const start = performance.now();
  let says;
  try { says = (await open(path)).names.length + " tensors"; } catch (error) { says = error.message; }
  const ms = performance.now() - start;
  console.log(JSON.stringify({ says, ms, megabytes: resident("VmHWM") - before }));
`;
const readers = {
  safetensors: [new URL("../../dist/src/weights/safetensors/read.js", import.meta.url).href, "readSafetensors"],
  torch: [new URL("../../dist/src/weights/torch/read.js", import.meta.url).href, "readTorchFile"],
} as const;

const listOf = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join(",");
const entry = (name: string) => `"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`;
const memo = (i: number) => Buffer.concat([Buffer.from("}r"), Buffer.from(Uint32Array.of(i).buffer), Buffer.from("0")]);

test.each<[keyof typeof readers, string, () => Uint8Array, number]>([
  ["safetensors", "99 MB of {}", () => fileOf(`{"a":{"x":[${"{},".repeat(33_000_000)}{}]}}`), 10],
  ["safetensors", "99 MB of spaces", () => fileOf(`{${" ".repeat(99_000_000)}}`), 10],
  ["safetensors", "a million tensors", () => fileOf(`{${listOf(1e6, (i) => entry(`t${i}`))}}`), 10],
  ["safetensors", "5,000 tensors", () => fileOf(`{${listOf(5e3, (i) => entry(`model.layers.${i}.weight`))}}`), 10],
  [
    "safetensors",
    "two million texts of metadata",
    () => fileOf(`{"__metadata__":{${listOf(2e6, (i) => `"${i}":""`)}}}`),
    10,
  ],
  // a pickle's values take more than its bytes, up to a number of them that no model comes near
  ["torch", "a pickle of 15 MB of {}", () => archiveOf(pickleOf(Buffer.from("}".repeat(15e6)))), 40],
  [
    "torch",
    "a pickle of 2 million {} that are remembered",
    () => archiveOf(pickleOf(Buffer.concat(Array.from({ length: 2e6 }, (_, i) => memo(i))))),
    40,
  ],
  [
    "torch",
    "a pickle of 7 million numbers in a tuple",
    () => archiveOf(pickleOf(Buffer.from("("), Buffer.from("K\x01".repeat(7e6)), Buffer.from("t"))),
    40,
  ],
])(
  "a %s file of %s is opened or refused in bounded memory, in a process of its own",
  (reader, title, content, beyond) => {
    const folder = mkdtempSync(join(tmpdir(), "thaw-memory-"));
    const file = content();
    writeFileSync(join(folder, "file"), file);
    const usual = goldenPath(reader === "torch" ? "bert-tiny-bin/pytorch_model.bin" : "bert-tiny/model.safetensors");
    const args = ["--input-type=module", "-e", opener, "--", ...readers[reader], join(folder, "file"), usual];
    const { says, ms, megabytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    console.log(
      `${title} (${Math.round(file.length / 1e6)} MB): ${Math.round(megabytes)} MB, ${Math.round(ms)} ms, ${says.slice(-110)}`,
    );
    expect(megabytes).toBeLessThan(file.length / 1e6 + beyond);
    rmSync(folder, { recursive: true });
  },
);
