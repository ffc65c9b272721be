/** Real processes that train, are ended by signals, and go on; and what is expected of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import type { TrainingArguments } from "../../../src/plan/arguments.ts";
import type { Stage } from "../../../src/plan/stage.ts";
import { ensureBuilt } from "../../built.ts";
import { goldenPath } from "../../golden/read.ts";
import { withoutTimes } from "../outcome.ts";
import { letterRows } from "../tiny.ts";
import { args, fastFolder } from "./threeStages.ts";

await ensureBuilt();

const worker = join(import.meta.dirname, "worker.mjs");

/** 33 steps, so that a process is ended somewhere in the middle. */
const stages: readonly Stage[] = [
  { train: "head", epochs: 3, headLearningRate: 5e-3, warmupSteps: 3 },
  { train: ["head", { lastLayers: 1 }], epochs: 3, layerDecay: 0.9 },
  { train: "all", epochs: 5, lrSchedulerType: "cosine", restoreBest: true },
];
/** The number of steps of the run. */
export const workerSteps = 33;

interface Settings {
  readonly args?: TrainingArguments;
  readonly kill?: { readonly save: number; readonly call: number };
  readonly handles?: boolean;
  /** Pause after each step, in milliseconds. */
  readonly slowMs?: number;
  /** Pause within each save, in milliseconds. */
  readonly holdMs?: number;
}

/** What a run came to. */
export interface Came {
  readonly weights: string;
  readonly link: { readonly step: number; readonly sha256: string };
  readonly resumedAt: readonly number[];
}

/** A process that has ended. */
export interface Ended {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** What the run came to, if it finished. */
  readonly came: Came | undefined;
  readonly lastStep: number;
}

let jobs = 0;
const places = fastFolder();

/** Starts a process that trains in a folder; `onLine` is called with each line that it prints. */
export async function train(
  outputDir: string,
  settings: Settings = {},
  onLine: (line: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const file = join(places, `${jobs++}.json`);
  const job = {
    ...{ model: goldenPath("bert-tiny-base"), tokenizer: goldenPath("bert-tiny"), stages, ...settings },
    ...{ rows: letterRows(40), evalRows: letterRows(20, 1) },
    args: { ...args, saveSteps: 1, saveTotalLimit: 3, hashSteps: 3, disableTqdm: true, outputDir, ...settings.args },
  };
  writeFileSync(file, JSON.stringify(job));
  const child = spawn(process.execPath, [worker, file], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    onLine(line, child);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const last = lines.at(-1);
  const steps = lines.filter((line) => line.startsWith("step ")).map((line) => Number(line.slice(5)));
  const came = last?.startsWith("{") ? (JSON.parse(last) as Came) : undefined;
  return { lines, code, signal, stderr, came, lastStep: steps.at(-1) ?? 0 };
}

/** The rows of `history.jsonl`, without times. */
export const rowsIn = (folder: string): unknown[] =>
  readFileSync(join(folder, "history.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => withoutTimes(JSON.parse(line)));

/** Names in a folder of what saves that were cut off have left, within checkpoints too. */
export const restsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(".thaw-"));

/** The run without an interruption. */
export async function unbrokenRun(): Promise<{ readonly came: Came; readonly rows: readonly unknown[] }> {
  const folder = fastFolder();
  const { came, stderr, lastStep } = await train(folder, { args: { saveSteps: 1000 } });
  if (came === undefined) throw new Error(stderr);
  expect(lastStep).toBe(workerSteps);
  return { came, rows: rowsIn(folder) };
}

/** Runs `work` for 0 to `count` - 1, two at a time. */
export async function twoAtATime(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all([one(), one()]);
}
