/** Goal 24: a million damaged files, judged by this reader and by the reference at once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { compare, judge, mutant } from "../safetensors/differential.ts";

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
