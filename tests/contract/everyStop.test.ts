/** Every way to start a run, and every way to leave it: none keeps the model or a tensor. One real kernel, one model, all ways in turn. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../golden/read.ts";
import { Client, errorText, printed, result, sleep } from "../kernel/client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  expect(errorText(await client.execute(preparation))).toBe("");
});
afterAll(async () => {
  await client.stop();
});

const preparation = `
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, tf, Trainer } from "thaw";
const model = await AutoModelForSequenceClassification.fromPretrained(${JSON.stringify(goldenPath("bert-tiny-base"))}, { numLabels: 2 });
const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});
const rows = Array.from({ length: 64 }, (_, i) => ({ text: i % 2 ? "a b c" : "x y z", label: i % 2 }));
const trainDataset = TextDataset.fromRows(rows);
const make = (args, data = trainDataset) =>
  new Trainer({ model, tokenizer, trainDataset: data, args: { perDeviceTrainBatchSize: 32, disableTqdm: true, ...args } });
/** One step of it takes long: a second Stop meets it in its middle. */
const many = TextDataset.fromRows(Array.from({ length: 4000 }, (_, i) => rows[i % 64]));
await make({ numTrainEpochs: 1 }).train();
/** Tensors that are there when nothing trains: each parameter keeps its value at hand. */
const tensors = () => { for (const [, parameter] of model.namedParameters()) parameter.data(); return tf.memory().numTensors; };
const quiet = tensors();
let trainer, seen, controller, events, promise;
const going = (event) => { if (event.kind === "step" && ++seen === 3) console.log("going"); };
`;

interface Way {
  readonly name: string;
  /** Cells that run to their end; the last one is running when it is stopped, unless \`stop\` is "nothing". */
  readonly cells: readonly string[];
  /** What is done then. Default: the Stop button, once. */
  readonly stop?: "twice" | "idle" | "nothing";
  /** What the record says. Default: "stopped". */
  readonly state?: "stopped" | "failed" | "running";
}

const begin = "seen = 0; trainer = make({ numTrainEpochs: 100_000 });";
const announce = 'setTimeout(() => console.log("going"), 300);';

const ways: readonly Way[] = [
  { name: "await train()", cells: [`${begin} ${announce} await trainer.train()`] },
  { name: "for await over events()", cells: [`${begin} for await (const event of trainer.events()) going(event);`] },
  {
    name: "a loop over events() that waits for what never comes",
    cells: [
      `${begin} for await (const event of trainer.events()) { going(event); if (seen === 3) await new Promise(() => {}); }`,
    ],
  },
  {
    name: "a loop over events() that is blocked by an endless loop",
    cells: [`${begin} for await (const event of trainer.events()) { going(event); if (seen === 3) for (;;); }`],
  },
  {
    name: "next() by hand, in a loop",
    cells: [`${begin} events = trainer.events(); for (;;) going((await events.next()).value);`],
  },
  {
    name: "next() by hand, gone on with in a later cell",
    cells: [
      `${begin} events = trainer.events(); for (let i = 0; i < 4; i++) await events.next();`,
      "for (;;) going((await events.next()).value);",
    ],
  },
  {
    name: "a few next() by hand, and never again: the next run ends it",
    cells: [`${begin} events = trainer.events(); for (let i = 0; i < 5; i++) await events.next();`],
    stop: "nothing",
    state: "running",
  },
  {
    name: "a function of one's own around events()",
    cells: [
      `${begin} async function* mine() { for await (const event of trainer.events()) yield event.kind; }
       for await (const kind of mine()) going({ kind });`,
    ],
  },
  {
    name: "train() that nobody awaits, stopped when no cell runs",
    cells: [`${begin} promise = trainer.train(); promise.catch(() => {}); "begun"`],
    stop: "idle",
  },
  {
    name: "train() of an earlier cell, awaited in a later one",
    cells: [`${begin} promise = trainer.train(); promise.catch(() => {}); "begun"`, `${announce} await promise;`],
  },
  {
    name: "train() with a signal of one's own, and Stop",
    cells: [
      `${begin} controller = new AbortController(); ${announce} await trainer.train({ signal: controller.signal })`,
    ],
  },
  {
    name: "train() with a signal of one's own, which fires",
    cells: [
      `${begin} controller = new AbortController(); setTimeout(() => controller.abort(new Error("mine")), 300);
       try { await trainer.train({ signal: controller.signal }) } catch (error) { console.log(error.message) }`,
    ],
    stop: "nothing",
  },
  {
    name: "a loop that is left by break",
    cells: [`${begin} for await (const event of trainer.events()) { going(event); if (seen === 3) break; }`],
    stop: "nothing",
  },
  {
    name: "an error in the body of the loop",
    cells: [
      `${begin} try { for await (const event of trainer.events()) { going(event); if (seen === 3) throw new Error("mine"); } } catch {}`,
    ],
    stop: "nothing",
  },
  {
    name: "two runs raced with each other",
    cells: [`${begin} ${announce} await Promise.race([trainer.train(), new Promise(() => {})]);`],
  },
  {
    name: "a second Stop, by which V8 ends a step in its middle",
    cells: [
      `trainer = make({ numTrainEpochs: 100_000, perDeviceTrainBatchSize: 4000 }, many);
       setTimeout(() => console.log("going"), 500); await trainer.train()`,
    ],
    stop: "twice",
  },
];

const check = `[trainer.run?.status.state, tensors() - quiet].join()`;
const again = `const last = await make({ numTrainEpochs: 1 }).train(); [last.status.state, last.history.length, tensors() - quiet].join()`;

test.each(ways)(
  "$name: stopped, the model is free and no tensor is kept",
  async ({ cells, stop, state = "stopped" }) => {
    const [last, ...earlier] = [...cells].reverse() as [string, ...string[]];
    for (const cell of earlier.reverse()) expect(errorText(await client.execute(cell))).toBe("");
    if (stop === "nothing") expect(errorText(await client.execute(last))).toBe("");
    else if (stop === "idle") {
      expect(errorText(await client.execute(last))).toBe("");
      await sleep(300);
      await client.request("interrupt_request", {}, "control");
      await sleep(300);
    } else {
      const id = client.start(last);
      const said = () =>
        client.iopub.some((message) => message.parentHeader.msg_id === id && message.header.msg_type === "stream");
      await client.until(said, 30_000, "the third step");
      await client.request("interrupt_request", {}, "control");
      if (stop === "twice") await client.request("interrupt_request", {}, "control");
      expect(errorText(await client.finish(id, 30_000))).toMatch(/Interrupted/);
    }
    const held = result(await client.execute(check)) ?? "";
    expect(held.startsWith(`'${state},`), held).toBe(true);
    if (state === "stopped") expect(held).toBe("'stopped,0'");
    const run = await client.execute(again);
    expect(errorText(run)).toBe("");
    expect(result(run)).toBe("'finished,1,0'");
    const after = result(await client.execute("trainer.run.status.state + ' ' + (trainer.run.status.step > 0)"));
    expect(after).toBe("'stopped true'");
    expect(printed(run, "stderr")).toBe("");
  },
);

test("nothing of all of them trains on: the weights are the same a second later", async () => {
  const weights = `[...model.namedParameters()].map(([, p]) => p.data().reduce((sum, x) => sum + x, 0)).join()`;
  const before = result(await client.execute(weights));
  await sleep(1000);
  expect(result(await client.execute(weights))).toBe(before);
});
