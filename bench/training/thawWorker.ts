/** Thaw's side of the comparison: it does a task by the public API, and answers each command with a line of JSON. */
import { Console } from "node:console";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  AutoModelForSequenceClassification,
  sessionInfo,
  ThawError,
  Trainer,
  type TrainerEvent,
  type TrainingArguments,
  tf,
} from "../../src/index.ts";
import { type Command, givenIds, givenTexts, type Reply, type Task } from "./task.ts";

globalThis.console = new Console(process.stderr, process.stderr); // standard output is for answers only

const task = JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as Task;
const model = await AutoModelForSequenceClassification.fromPretrained(task.model);

function trainer(): Trainer {
  const { train, evaluation, seed, batchSize, precision } = task;
  const args = {
    perDeviceTrainBatchSize: batchSize,
    seed,
    loadBestModelAtEnd: false, // the Trainer would have to write every epoch to the disk for it
    disableTqdm: true,
    ...(precision === "float32" ? {} : { precision }),
  };
  return new Trainer({
    model,
    tokenizer: givenIds([...train.ids, ...(evaluation?.ids ?? [])]),
    trainDataset: givenTexts(train, 0),
    ...(evaluation === null ? {} : { evalDataset: givenTexts(evaluation, train.ids.length) }),
    stages: task.stages.map(({ stage }) => stage),
    args: args as TrainingArguments,
  });
}

let events: AsyncGenerator<TrainerEvent> | undefined;

/** Takes the next steps. The loop is a generator, so further steps are not computed. */
async function steps(count: number): Promise<Reply> {
  events ??= trainer().events();
  const ms: number[] = [];
  let since = performance.now();
  while (ms.length < count) {
    const { value, done } = await events.next();
    if (done) throw new ThawError("INTERNAL", "The run is over before the steps that were asked for.");
    if (value.kind !== "step") continue;
    ms.push(performance.now() - since);
    since = performance.now();
  }
  return { ms };
}

/** Times an epoch from the beginning of its stage, after the frozen weights were hashed, which happens once per run. */
async function epoch(): Promise<Reply> {
  let started = 0;
  let ended = 0;
  let done = 0;
  for await (const { kind } of trainer().events()) {
    if (kind === "stage") started = performance.now();
    if (kind !== "step") continue;
    ended = performance.now();
    done += 1;
  }
  return { ms: [(ended - started) / done] };
}

async function plan(): Promise<Reply> {
  const run = trainer();
  const started = performance.now();
  let accuracy = Number.NaN;
  for await (const event of run.events()) {
    if (event.kind === "epoch") accuracy = event.row.evalAccuracy ?? Number.NaN;
  }
  return { ms: [performance.now() - started], accuracy };
}

async function predict(count: number): Promise<Reply> {
  const texts = givenTexts(task.train, 0).texts.slice(0, count);
  const ready = trainer();
  const started = performance.now();
  const predictions = await ready.predict(texts);
  return { ms: [performance.now() - started], accuracy: accuracyOf(predictions.map(({ label }) => label)) };
}

function accuracyOf(names: readonly string[]): number {
  const right = names.filter((name, row) => name === model.config.id2label[task.train.labels[row] as number]);
  return right.length / names.length;
}

function loss(): Reply {
  const [first = []] = task.stages[0]?.batches[0] ?? [];
  const inputIds = first.map((row) => task.train.ids[row] as readonly number[]);
  return tf.tidy(() => {
    const output = model.forward({ inputIds, labels: first.map((row) => task.train.labels[row] as number) });
    return { loss: output.loss?.dataSync()[0] as number };
  });
}

function gemm(): Reply {
  const [rows, inner, columns] = [2048, 768, 3072] as const;
  const gflops = tf.tidy(() => {
    const [a, b] = [tf.ones([rows, inner]), tf.ones([inner, columns])];
    const took = Array.from({ length: 20 }, () => {
      const started = performance.now();
      tf.matMul(a, b).dispose();
      return performance.now() - started;
    });
    return (2 * rows * inner * columns) / Math.min(...took) / 1e6;
  });
  return { gflops };
}

/**
 * Reads this process's peak memory in MB. On Linux getrusage would not do: there, what the parent had before it started this
 * process counts as well.
 */
function peakRssMb(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) / 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS / 1024;
}

async function answer(command: Command): Promise<Reply> {
  switch (command.do) {
    case "steps":
      return steps(command.count);
    case "epoch":
      return epoch();
    case "plan":
      return plan();
    case "predict":
      return predict(command.count);
    case "loss":
      return loss();
    case "gemm":
      return gemm();
    case "versions":
      return { versions: sessionInfo().entries };
    case "memory":
      return { peakRssMb: peakRssMb() };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: Reply;
  try {
    reply = await answer(JSON.parse(line) as Command);
  } catch (error) {
    if (!(error instanceof ThawError)) throw error;
    reply = { error: { code: error.code, message: error.message } };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
