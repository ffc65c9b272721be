/** Real saves of tiny models in processes of their own, killed where it is asked for, and what is found afterwards. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { exportOnnx } from "../../src/exportOnnx.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { ensureBuilt } from "../built.ts";
import { goldenPath } from "../golden/read.ts";
import { type Fault, withFaults } from "./faults.ts";

await ensureBuilt();

const saver = join(import.meta.dirname, "saver.mjs");
const start = async (job: object) =>
  (
    await promisify(execFile)(process.execPath, [saver, JSON.stringify(job)], {
      env: { ...process.env, THAW_ENGINE: "wasm" },
    })
  ).stdout;

/** Files of the user's in the target. */
const users = { "notes.txt": "mine", "onnx/mine.txt": "mine too" };

/** A kind of save, and whether it goes into a folder that is there. */
export type Kind = "model into a model" | "export into a model" | "model, new" | "export, new";
const whatOf = (kind: Kind) => (kind.startsWith("model") ? "model" : "export");
const isNew = (kind: Kind) => kind.endsWith("new");

export class KilledSaves {
  readonly root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "thaw-killed-"));
  /** The folder into which is saved, as it is before. */
  readonly first = join(this.root, "first");
  /** The model that is saved, and what is exported: the weights of `first` with another tokenizer. */
  readonly second = join(this.root, "second");
  readonly #third = join(this.root, "third");
  readonly #expected = new Map<Kind, string>();
  #model!: SequenceClassifier;
  #exported!: SequenceClassifier;
  #tokenizer!: Tokenizer;

  /** A folder with a model, its export and its tokenizer, and another model with another tokenizer. */
  static async make(): Promise<KilledSaves> {
    const saves = new KilledSaves();
    const load = () => AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
    const [model, tokenizer] = [await load(), await AutoTokenizer.fromPretrained(goldenPath("tokenizers/bert"))];
    for (const [name, text] of Object.entries(users)) {
      mkdirSync(dirname(join(saves.first, name)), { recursive: true });
      writeFileSync(join(saves.first, name), text);
    }
    await saveModel(saves.first, model, tokenizer, { "trainer_state.json": { step: 1 }, "first.json": 1 });
    await exportOnnx(saves.first, { model, tokenizer, quantize: "int8" });
    saves.#exported = model;
    saves.#tokenizer = await AutoTokenizer.fromPretrained(goldenPath("bert-tiny"));
    await saveModel(saves.#third, model, saves.#tokenizer);
    saves.#model = await load();
    saves.#model.parameters.get("classifier.bias")?.assign(Float32Array.of(3, 2, 1));
    await saveModel(saves.second, saves.#model, saves.#tokenizer);
    return saves;
  }

  remove(): void {
    this.#model.dispose();
    this.#exported.dispose();
    rmSync(this.root, { recursive: true });
  }

  /** How many calls a save makes; what it leaves is what is expected of the others. */
  async count(kind: Kind): Promise<number> {
    const to = this.#target("counted", kind);
    const { calls, error } = await withFaults(() => this.#save(kind, to));
    expect(error).toBe(undefined);
    this.#expected.set(kind, bytesOf(to));
    return calls.length;
  }

  /** Saves in a process that is killed at call `at`. Returns the target. */
  async kill(kind: Kind, at: number): Promise<string> {
    const to = this.#target(`${kind} ${at}`, kind);
    const ended = await start({ what: whatOf(kind), from: this.#source(kind), to, at }).catch((error) => error);
    expect(ended, `${kind}, call ${at}`).toMatchObject({ signal: "SIGKILL" });
    return to;
  }

  /** Saves in this process, with a fault at call `at`. Returns the target and what was thrown. */
  async fail(kind: Kind, at: number, fault: Fault): Promise<{ readonly target: string; readonly error: unknown }> {
    const target = this.#target(`${kind} ${at}`, kind);
    const { error } = await withFaults(
      () => this.#save(kind, target),
      ({ index }) => (index === at ? fault : undefined),
    );
    return { target, error };
  }

  /**
   * Which of the two is in the target, whole. What is neither fails the test, as does a next save that leaves rests, or a
   * message that is not true.
   */
  async judge(kind: Kind, target: string, error?: unknown): Promise<"old" | "new"> {
    const isThere = readdirSync(dirname(target)).includes("model");
    const seen = isThere ? bytesOf(target) : "";
    if (isThere) await (kind === "export, new" ? AutoTokenizer.fromPretrained(target) : this.#open(target));
    const found = isThere ? bytesOf(target) : "";
    const old = isNew(kind) ? "" : bytesOf(this.first);
    const message = error instanceof Error ? error.message : "";
    expect([old, this.#expected.get(kind)], `${target}: ${message}`).toContain(found);
    if (message.includes("is unchanged")) expect(seen, message).toBe(old);
    if (message.includes("Nothing was written there")) expect(seen, message).toBe("");
    if (/is complete|is there/.test(message)) expect(found, message).toBe(this.#expected.get(kind));
    if (message !== "") expect(message).toMatch(/is unchanged|Nothing was written there|is complete|is there/);
    await this.#save(kind, target);
    expect(bytesOf(target), target).toEqual(this.#expected.get(kind));
    const all = readdirSync(dirname(target), { recursive: true, encoding: "utf8" });
    expect(all.filter((path) => path.includes(".thaw-"))).toEqual([]);
    return found === old ? "old" : "new";
  }

  /** `processes` of them save into one folder at the same time, `times` each. What they say of errors comes at their end. */
  together(processes: number, times: number): { readonly target: string; readonly said: Promise<readonly string[]> } {
    const target = this.#target("together", "model into a model");
    const jobs = Array.from({ length: processes }, (_, i) =>
      start({ what: "repeat", from: this.second, to: target, number: i + 1, times }),
    );
    return { target, said: Promise.all(jobs).then((outputs) => outputs.join("").split("\n").filter(Boolean)) };
  }

  /** As a user opens it. */
  async #open(target: string): Promise<void> {
    (await AutoModelForSequenceClassification.fromPretrained(target)).dispose();
  }

  async #save(kind: Kind, target: string): Promise<void> {
    const tokenizer = this.#tokenizer;
    if (whatOf(kind) === "export") return await exportOnnx(target, { model: this.#exported, tokenizer });
    await saveModel(target, this.#model, tokenizer, { "trainer_state.json": { step: 2 } });
  }

  #source(kind: Kind): string {
    return whatOf(kind) === "model" ? this.second : this.#third;
  }

  #target(name: string, kind: Kind): string {
    const parent = join(this.root, "targets", name);
    rmSync(parent, { recursive: true, force: true });
    mkdirSync(parent, { recursive: true });
    if (!isNew(kind)) cpSync(this.first, join(parent, "model"), { recursive: true });
    return join(parent, "model");
  }
}

/** All files of a folder with their content, but those of the saving itself; the user's have to be as they were. */
function bytesOf(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.includes(".thaw-"));
  return JSON.stringify(paths.sort().map((path) => [path, readFileSync(join(folder, path), "base64")]));
}
