/**
 * Measures what checkpoints and the hash chain cost with MiniLM. Run: `npm run bench:checkpoints -- [--rounds 3] [--steps 40]`.
 * It prints the bytes that a checkpoint adds and the milliseconds that the training waits for it, in a stage of the head and
 * with everything in training; then what a link of the hash chain every 20 steps takes: the time within the links relative to the
 * rest of the same run, and the time of whole runs relative to those without links, taken in turns.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Table } from "../src/display/table.ts";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type Stage,
  Trainer,
  type TrainingArguments,
} from "../src/index.ts";
import { HashChain } from "../src/train/hashChain.ts";
import { miniLM, readReviews } from "./inputs.ts";
import { median } from "./statistics.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, steps: { type: "string", default: "40" } },
});
const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
const reviews = await readReviews("clear");
const batch = 16;
const steps = Number(values.steps);
const { train, validation } = reviews.split({ train: steps * batch, validation: 100, seed: 0 });
console.info = () => {};

const selections: Readonly<Record<string, Stage["train"]>> = { head: "head", everything: "all" };

/** Seconds within links since the present run began. */
let linkSeconds = 0;
const { link } = HashChain.prototype;
HashChain.prototype.link = function (...input): void {
  const begin = performance.now();
  link.apply(this, input);
  linkSeconds += (performance.now() - begin) / 1000;
};

/** Trains one stage; returns the seconds of its steps and of their links, and the milliseconds that it waited for each checkpoint. */
async function run(selection: string, args: TrainingArguments) {
  const model = await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed: 0 });
  const stages = [{ train: selections[selection] ?? "all", epochs: 1 }];
  const common = { perDeviceTrainBatchSize: batch, disableTqdm: true, seed: 0 };
  const trainer = new Trainer({
    ...{ model, tokenizer, stages, trainDataset: train, evalDataset: validation },
    args: { ...common, ...args },
  });
  const waits: number[] = [];
  linkSeconds = 0;
  let last = performance.now();
  let [first, end] = [0, 0];
  for await (const event of trainer.events()) {
    if (event.kind === "save") waits.push(performance.now() - last);
    last = performance.now();
    if (event.kind === "step" && first === 0) first = last;
    if (event.kind === "epoch") end = last; // what links take between two steps is in it
  }
  const [seconds, ofLinks] = [(end - first) / 1000, linkSeconds];
  const moving = [...model.parameters.values()].reduce(
    (sum, { size, requiresGrad }) => sum + (requiresGrad ? size : 0),
    0,
  );
  const all = trainer.plan().totalParameters;
  model.dispose();
  return { seconds, ofLinks, waits, tensorBytes: 4 * all + 8 * moving };
}

/** Counts the bytes in a folder: all of them, and those of files that no other folder has. */
function bytesOf(folder: string): { all: number; own: number } {
  const files = readdirSync(folder).map((name) => lstatSync(join(folder, name)));
  const sum = (of: typeof files) => of.reduce((total, { size }) => total + size, 0);
  return { all: sum(files), own: sum(files.filter(({ nlink }) => nlink === 1)) };
}

const rows: (string | number)[][] = [];
for (const selection of Object.keys(selections)) {
  const outputDir = mkdtempSync(join(tmpdir(), "thaw-bench-"));
  const saveSteps = Math.floor(steps / 5);
  const { waits, tensorBytes } = await run(selection, { outputDir, saveStrategy: "steps", saveSteps });
  const folders = readdirSync(outputDir).filter((name) => name.startsWith("checkpoint-"));
  const sizes = folders.map((name) => bytesOf(join(outputDir, name)));
  const last = sizes.at(-1) ?? { all: 0, own: 0 };
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
  rows.push([
    ...[selection, megabytes(last.own), megabytes(last.all), (last.all / tensorBytes).toFixed(3)],
    ...[waits.slice(1).length, median(waits.slice(1)).toFixed(1), (waits[0] ?? 0).toFixed(1)],
  ]);
  rmSync(outputDir, { recursive: true });
}
const columns = ["trains", "MB added", "MB in all", "of weights + moments", "checkpoints", "ms each", "ms the first"];
console.log(String(new Table({ columns, rows })));

for (const selection of Object.keys(selections)) {
  const [without, linked, shares]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    const pair = [
      async () => without.push((await run(selection, { hashSteps: 1e9 })).seconds),
      async () => {
        const { seconds, ofLinks } = await run(selection, { hashSteps: 20 });
        linked.push(seconds);
        shares.push(ofLinks / (seconds - ofLinks));
      },
    ];
    for (const one of round % 2 === 0 ? pair : pair.reverse()) await one();
  }
  const ratio = median(linked) / median(without);
  console.log(
    `${selection}: a link every 20 steps takes ${(100 * median(shares)).toFixed(1)} % of the training time (median of ` +
      `${shares.length} runs); whole runs took ${ratio.toFixed(3)} times as long (medians: ${median(without).toFixed(2)} s without ` +
      `links, ${median(linked).toFixed(2)} s with)`,
  );
}
