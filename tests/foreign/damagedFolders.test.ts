/** Damaged files of a model in a real kernel: each is an error that helps, none costs the kernel, much time or much memory. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed } from "../kernel/client.ts";
import { damagedFolders } from "./damagedFolders.ts";

const root = mkdtempSync(join(tmpdir(), "thaw-damaged-"));
let client: Client;
const prepare = `
import { AutoModelForSequenceClassification, AutoTokenizer } from "thaw";
const texts = ["a".repeat(40) + "!", "Hello é 世界 " + "a".repeat(60) + "b", ""];
globalThis.attempt = async (part: string, folder: string) => {
  const started = performance.now();
  let found: unknown = "nothing: it loads and works";
  try {
    if (part === "tokenizer") {
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      for (const ids of tokenizer(texts).inputIds) tokenizer.decode(ids);
    } else {
      const model = await AutoModelForSequenceClassification.fromPretrained(folder);
      model.forward({ inputIds: [[2, 5, 3]] }).logits.dispose();
      model.dispose();
    }
  } catch (error) {
    found = { name: error.name, code: error.code, message: error.message };
  }
  return JSON.stringify({ ms: performance.now() - started, found });
};
await Promise.all([AutoTokenizer.fromPretrained("__FOLDER__"), AutoModelForSequenceClassification.fromPretrained("__FOLDER__")]);
0`;

async function start(): Promise<Client> {
  const kernel = await Client.start();
  const folder = new URL("../golden/bert-tiny", import.meta.url).pathname;
  expect(errorText(await kernel.execute(prepare.replaceAll("__FOLDER__", folder)))).toBe("");
  return kernel;
}
beforeAll(async () => {
  client = await start();
});
afterAll(async () => {
  await client.stop();
  rmSync(root, { recursive: true });
});

/** Of a process, in MB. "VmHWM" is the most since it was last set back. */
function memory(pid: number, field: "VmRSS" | "VmHWM"): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

function setBack(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // it has ended meanwhile
  }
}

const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/status`, "utf8").includes(`\nPPid:\t${parent}\n`);
      } catch {
        return false;
      }
    });

interface Outcome {
  readonly ms: number;
  readonly found: string | { readonly name: string; readonly code?: string; readonly message: string };
  /** Of the kernel and its children beyond what they had, in MB. */
  readonly grown: number;
}

async function outcomeOf(
  part: string,
  folder: string,
): Promise<Outcome | "the kernel died" | "it did not end within a minute"> {
  const kernel = client.process.pid as number;
  const known = [kernel, ...childrenOf(kernel)];
  const before = new Map(known.map((pid) => [pid, memory(pid, "VmRSS")]));
  for (const pid of known) setBack(pid);
  const most = new Map<number, number>();
  const look = () => {
    for (const pid of [kernel, ...childrenOf(kernel)]) {
      const own = before.get(pid) ?? 90; // a process of tokenizers that was started anew
      most.set(pid, Math.max(most.get(pid) ?? 0, memory(pid, "VmHWM") - own));
    }
  };
  const timer = setInterval(look, 50);
  try {
    const code = `console.log(await attempt(${JSON.stringify(part)}, ${JSON.stringify(folder)}))`;
    const run = await client.finish(client.start(code), 60_000);
    look();
    const text = printed(run);
    if (text === "") return { ms: 0, found: errorText(run).slice(0, 300), grown: 0 };
    const { ms, found } = JSON.parse(text) as Outcome;
    return { ms, found, grown: Math.max(...most.values()) };
  } catch {
    const died = client.process.exitCode !== null || client.process.signalCode !== null;
    client.process.kill("SIGKILL");
    client = await start();
    return died ? "the kernel died" : "it did not end within a minute";
  } finally {
    clearInterval(timer);
  }
}

test("damaged files of a tokenizer, a configuration and weights are errors that name the file, and the kernel lives", async () => {
  const wrong: string[] = [];
  const all: (Outcome & { title: string })[] = [];
  const wanted = damagedFolders.filter(({ title }) => new RegExp(process.env.THAW_DAMAGED ?? "").test(title));
  for (const { title, part, make, codes, notYet } of wanted) {
    if (notYet !== undefined && process.env.THAW_DAMAGED === undefined) continue;
    const folder = make(root);
    const outcome = await outcomeOf(part, folder);
    rmSync(folder, { recursive: true });
    if (typeof outcome === "string") {
      wrong.push(`${title}: ${outcome}`);
      continue;
    }
    all.push({ ...outcome, title });
    const { found } = outcome;
    const isClear =
      typeof found === "object" &&
      found.name === "ThawError" &&
      codes.includes(found.code ?? "") &&
      found.message.length > 60;
    if (!isClear) wrong.push(`${title}: ${JSON.stringify(found).slice(0, 400)}`);
    if (outcome.grown > 500) wrong.push(`${title}: ${Math.round(outcome.grown)} MB`);
    if (process.env.VERBOSE)
      console.log(`${title}: ${Math.round(outcome.ms)} ms, ${Math.round(outcome.grown)} MB, ${JSON.stringify(found)}`);
  }
  const slowest = all.reduce((a, b) => (a.ms > b.ms ? a : b));
  const largest = all.reduce((a, b) => (a.grown > b.grown ? a : b));
  console.log(
    `${all.length} damaged folders in one kernel: slowest ${(slowest.ms / 1000).toFixed(1)} s (${slowest.title}), ` +
      `most memory ${Math.round(largest.grown)} MB (${largest.title})`,
  );
  expect(wrong).toEqual([]);
}, 900_000);
