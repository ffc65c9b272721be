/**
 * A process that trains with the built library, as a user's would: `node worker.mjs JOB`, where JOB is the file of a job.
 *
 * It goes on from the newest checkpoint, prints `step N` after each step, `saving N` when it begins to write a checkpoint, and at
 * its end a line of JSON with what the run came to. With `kill` it ends itself by SIGKILL at that call of the file system within
 * that save, both counted from 0 (a write has then taken half of its bytes). With `handles` it has handlers of its own for
 * SIGINT and SIGTERM, which print `heard SIGTERM`, and goes on after the run: it prints `stopped` and how many handlers there are.
 * `slowMs` is a pause after each step, `holdMs` one within each save.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";
import { operations } from "#dist/src/platform/files.js";

/** @import { Row, Stage, TrainingArguments } from "thaw" */
/**
 * @typedef {{ save: number, call: number }} Kill
 * @typedef {{ model: string, tokenizer: string, rows: Row[], evalRows: Row[], args: TrainingArguments, stages: Stage[],
 *   kill?: Kill, handles?: boolean, slowMs?: number, holdMs?: number }} Job
 */

/** @type {Job} */
const {
  model: folder,
  tokenizer: tokenizerFolder,
  rows,
  evalRows,
  args,
  stages,
  kill,
  handles,
  slowMs,
  holdMs,
} = JSON.parse(readFileSync(String(process.argv[2]), "utf8"));
console.info = () => {};
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

let [saves, calls] = [-1, 0];
/** @type {Record<string, (...args: any[]) => Promise<any>>} Each operation has parameters of its own. */
const replaced = Object(operations);
for (const [name, real] of Object.entries(replaced)) {
  replaced[name] = async (...given) => {
    if (name === "mkdir" && String(given[0]).includes("/.thaw-new-") && !String(given[0]).endsWith("/files")) {
      saves++;
      calls = 0;
      say(`saving ${saves}`);
      if (holdMs !== undefined) await new Promise((resolve) => setTimeout(resolve, holdMs));
    }
    if (kill === undefined || saves !== kill.save || calls++ !== kill.call) return await real(...given);
    if (name === "write") await real(given[0], given[1].subarray(0, Math.ceil(given[1].length / 2)));
    process.kill(process.pid, "SIGKILL");
    return await new Promise(() => {});
  };
}

if (handles) for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => say(`heard ${signal}`));
const handlers = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
const handlersBefore = handlers();
const model = await AutoModelForSequenceClassification.fromPretrained(folder, { seed: 1, numLabels: 2 });
const tokenizer = await AutoTokenizer.fromPretrained(tokenizerFolder);
const columns = { text: "text", label: "label" };
const trainer = new Trainer({
  ...{ model, tokenizer, args, stages },
  trainDataset: TextDataset.fromRows(rows, columns),
  evalDataset: TextDataset.fromRows(evalRows, columns),
  callbacks: [
    async (event) => {
      if (event.kind !== "step") return;
      say(`step ${event.step}`);
      if (slowMs !== undefined) await new Promise((resolve) => setTimeout(resolve, slowMs));
    },
  ],
});
try {
  const run = await trainer.train({ resumeFromCheckpoint: true });
  const weights = createHash("sha256");
  for (const [name, parameter] of model.parameters) {
    const { buffer, byteOffset, byteLength } = parameter.data();
    weights.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  const { hashChain, resumedAt } = run.record;
  say(JSON.stringify({ weights: weights.digest("hex"), link: hashChain?.at(-1), resumedAt: resumedAt ?? [] }));
} catch (error) {
  if (!handles) throw error;
  say(
    `stopped: ${error instanceof Error ? error.message : error}; ${handlers() - handlersBefore} handlers more than before`,
  );
}
