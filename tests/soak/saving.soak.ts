/** Saving whole or not at all: every call killed in a real process, and failed by every code; processes on one folder. */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { KilledSaves, type Kind } from "../platform/killedSaves.ts";

const kinds: readonly Kind[] = ["model into a model", "export into a model", "model, new", "export, new"];
let saves: KilledSaves;
beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  saves = await KilledSaves.make();
});
afterAll(() => saves.remove());

/** What transformers says of a folder: the model, the tokenizer, or the name of an exception. */
interface Opened {
  readonly model: unknown;
  readonly tokenizer: unknown;
}

const inPython = (folders: readonly string[]): Opened[] =>
  JSON.parse(
    execFileSync(pythonOfGoldens(), [goldenPath("open_folders.py")], {
      input: JSON.stringify(folders),
      encoding: "utf8",
      maxBuffer: 1e9,
    }),
  );

test.each(kinds)("%s: killed at every call, the old folder or the new one is there, for Python too", async (kind) => {
  const count = await saves.count(kind);
  const found = { old: 0, new: 0 };
  const copies: string[] = [];
  const work = Array.from({ length: count }, (_, at) => at);
  const worker = async (): Promise<void> => {
    for (let at = work.shift(); at !== undefined; at = work.shift()) {
      const target = await saves.kill(kind, at);
      if (kind === "model into a model") {
        const copy = join(saves.root, "seen", String(at));
        cpSync(target, copy, { recursive: true });
        copies.push(copy);
      }
      found[await saves.judge(kind, target)]++;
      rmSync(dirname(target), { recursive: true });
    }
  };
  await Promise.all([worker(), worker()]);
  console.log(
    `${kind}: ${count} calls, each killed once: the old folder ${found.old} times, the new one ${found.new} times`,
  );
  expect(found.old + found.new).toBe(count);
  if (copies.length === 0) return;
  const [old, after, ...opened] = inPython([saves.first, saves.second, ...copies]) as [Opened, Opened, ...Opened[]];
  const tally = { old: 0, new: 0, refused: 0 };
  for (const { model, tokenizer } of opened) {
    for (const [seen, was, is] of [
      [model, old.model, after.model],
      [tokenizer, old.tokenizer, after.tokenizer],
    ]) {
      expect([JSON.stringify(was), JSON.stringify(is), '"ValueError"', '"OSError"']).toContain(JSON.stringify(seen));
    }
    const name =
      JSON.stringify(model) === JSON.stringify(old.model) ? "old" : typeof model === "string" ? "refused" : "new";
    tally[name]++;
  }
  console.log(`transformers at the same moments, before anything else looked: ${JSON.stringify(tally)}`);
});

test.each(kinds)("%s: failed at every call by every code, the old folder or the new one is there", async (kind) => {
  const count = await saves.count(kind);
  for (const fault of ["ENOSPC", "EFBIG", "EIO", "EACCES", "short"] as const) {
    const found = { old: 0, new: 0 };
    for (let at = 0; at < count; at++) {
      const { target, error } = await saves.fail(kind, at, fault);
      found[await saves.judge(kind, target, error)]++;
      rmSync(dirname(target), { recursive: true });
    }
    console.log(
      `${kind}: ${fault} at each of ${count} calls: the old folder ${found.old} times, the new one ${found.new} times`,
    );
  }
});

test("4 processes save 240 times into one folder, and whoever reads meanwhile finds one of their models whole", async () => {
  const { target, said } = saves.together(4, 60);
  let isOver = false;
  const ended = said.finally(() => {
    isOver = true;
  });
  const seen = new Set<string>();
  let reads = 0;
  for (; !isOver; reads++) {
    const model = await AutoModelForSequenceClassification.fromPretrained(target);
    const [bias] = model.parameters.get("classifier.bias")?.data() ?? [];
    const [label] = model.config.id2label as [string];
    model.dispose();
    if (label !== "LABEL_0") expect(label).toBe(`${bias}.0`);
    seen.add(label);
  }
  const errors = await ended;
  console.log(
    `240 saves by 4 processes: ${errors.length} errors; ${reads} reads meanwhile saw ${seen.size} models, each whole`,
  );
  expect(errors).toEqual([]);
  expect(readFileSync(join(target, "notes.txt"), "utf8")).toBe("mine");
  expect(readdirSync(target).filter((name) => name.startsWith("."))).toEqual([]);
});
