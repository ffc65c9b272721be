import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, parentId, sleep } from "../client.ts";
import { complete, inspect, startWarm, untilTyped } from "./warm.ts";

let client: Client;
beforeAll(async () => {
  client = await startWarm();
  await client.execute('import * as path from "node:path";\nimport { tf, Trainer } from "thaw";');
  await client.execute(
    `interface Shape { area(): number; name: string }
class Circle implements Shape { name = "circle"; _hidden = 1; constructor(readonly radius: number) {} area() { return 3 } }
/**
 * Doubles a number.
 * @param value what is doubled
 * @returns twice the value
 */
function double(value: number): number { return 2 * value }
/** The learning rate. */
let rate = 0.1;
const shapes: Shape[] = [new Circle(1)];
const mode: "warm" | "cold" = "cold";`,
  );
  await untilTyped(client, "tf.matM", "function");
  await untilTyped(client, "shapes[0].ar", "method"); // asked about as a whole, behind the check of the cells
  await untilTyped(client, "tf.ones([2]).su", "method"); // the first look at tensors takes longer than a frontend waits
});
afterAll(async () => {
  await client.stop();
});

test.each<[code: string, text: string, type: string]>([
  ["shapes[0].ar", "area", "method"],
  ["shapes.map((shape) => shape.na", "name", "property"],
  ["new Circle(2).rad", "radius", "property"],
  ["Circ", "Circle", "class"],
  ["doub", "double", "function"],
  ["let x: Sha", "Shape", "interface"],
  ["rat", "rate", "variable"],
  ["path.jo", "join", "method"],
  ["awai", "await", "keyword"],
  ["mode === '", "warm", "string"],
  ["const later = rate; lat", "later", "variable"],
])("%s offers %s, a %s", async (code, text, type) => {
  expect((await complete(client, code)).metadata._jupyter_types_experimental).toContainEqual(
    expect.objectContaining({ text, type }),
  );
});

test("what a call would give is completed without calling, and has signatures", async () => {
  const { metadata } = await complete(client, "double(2).toF");
  expect(metadata._jupyter_types_experimental).toEqual([
    {
      text: "toFixed",
      type: "method",
      signature: "Number.toFixed(fractionDigits?: number): string",
      start: 10,
      end: 13,
    },
  ]);
});

test("names that begin with an underscore come last", async () => {
  const { matches } = await complete(client, "new Circle(1).");
  expect(matches).toEqual(["area", "name", "radius", "_hidden"]);
});

test("live properties are offered where the type says nothing", async () => {
  await client.execute("let anything: any = { alpha: 1, beta: 2 }");
  expect((await complete(client, "anything.")).matches).toEqual(expect.arrayContaining(["alpha", "beta"]));
});

test("comments and strings are left alone", async () => {
  expect((await complete(client, "// cons")).matches).toEqual([]);
  expect((await complete(client, '"cons')).matches).toEqual([]);
});

test("modules and their exports are completed in an import", async () => {
  expect((await complete(client, 'import fs from "node:f')).matches).toContain("node:fs");
  const code = 'import { AutoT } from "thaw"';
  expect((await complete(client, code, 14)).matches).toEqual(["AutoTokenizer"]);
});

test("positions are code points, astral characters before the cursor or not", async () => {
  expect(await complete(client, "'𝄞𝄞'; rat")).toMatchObject({ matches: ["rate"], cursor_start: 6, cursor_end: 9 });
});

test("tf. is completed with types", async () => {
  const { metadata } = await complete(client, "tf.matM");
  expect(metadata._jupyter_types_experimental[0]).toMatchObject({ text: "matMul", type: "function" });
  expect((await complete(client, "tf.ones([2]).su")).matches).toContain("sum");
});

test("while a cell blocks the main thread, completion and inspection answer from types", async () => {
  const id = client.start("{ const end = Date.now() + 6000; while (Date.now() < end) {} }");
  await sleep(300);
  const asked = performance.now();
  await untilTyped(client, "double(1).toF", "method");
  console.log(`kernel: completion during a blocking cell: ${(performance.now() - asked).toFixed(0)} ms`);
  expect(await inspect(client, "double")).toContain("Doubles a number.");
  expect(client.iopub.some((message) => parentId(message) === id && message.content.execution_state === "idle")).toBe(
    false,
  );
  await client.finish(id);
});

test("inspection shows signature, doc comment, tags and the value", async () => {
  expect(await inspect(client, "double")).toBe(
    "function double(value: number): number\n\nDoubles a number.\n\n@param value what is doubled\n@returns twice the value",
  );
  expect(await inspect(client, "rate")).toBe("let rate: number\n\nThe learning rate.\n\nvalue: 0.1");
  expect(await inspect(client, "double", 1)).toContain("return 2 * value");
  expect(await inspect(client, "double(")).toContain("value: number");
  expect(await inspect(client, "new Trainer({", 0, 8)).toContain("Checks everything that can be checked");
});

test("what thaw exports is inspected with its doc comments, and its options and members are completed", async () => {
  await client.execute(`import * as thaw from "thaw";
import { AutoModelForSequenceClassification, lastLayers } from "thaw";
let model!: Awaited<ReturnType<typeof AutoModelForSequenceClassification.fromPretrained>>;`);
  expect(await inspect(client, "Trainer")).toMatch(/^class Trainer\n\nTrains a model stage by stage/);
  expect(await inspect(client, "lastLayers")).toMatch(
    /^function lastLayers\(layers: number, .*\n\nMakes the plan of strategy 2: /,
  );
  expect((await complete(client, "new Trainer({ ")).matches).toEqual(
    expect.arrayContaining(["model", "tokenizer", "trainDataset", "evalDataset", "args", "stages"]),
  );
  expect((await complete(client, "model.")).matches).toEqual(
    expect.arrayContaining(["freeze", "parameters", "unfreeze"]),
  );
  const exported = (await complete(client, "thaw.")).metadata._jupyter_types_experimental;
  const own = exported.filter(({ text, type }) => /^[a-z]/i.test(text) && text !== "tf" && type !== "property");
  expect(own.length).toBeGreaterThanOrEqual(15);
  for (const { text } of own) expect(await inspect(client, `thaw.${text}`), text).toMatch(/\n\n\S/);
});

test.each<[call: string, option: string]>([
  ["TextDataset.fromCsv", "quote"],
  ["TextDataset.fromJsonl", "label"],
  ["AutoModelForSequenceClassification.fromPretrained", "numLabels"],
  ["progressive", "headLearningRate"],
])("a tooltip on %s names its options, each with its doc comment", async (call, option) => {
  await client.execute("import { TextDataset, progressive } from 'thaw';");
  for (const text of [call, `${call}(`]) {
    const shown = await inspect(client, text);
    expect(shown, text).toMatch(new RegExp(`^- \`${option}\\??: .*\` \\S`, "m"));
  }
});

test.each([
  ["a plain object", "const plain = { rate: 1 };", "plain.", "rate"],
  ["a class's instance", "class Box2 { side = 1 } const box2 = new Box2();", "box2.", "side"],
  ["a function", "const fun = Object.assign(() => 1, { extra: 2 });", "fun.", "extra"],
  [
    "what only exists at run time",
    "globalThis.wild = JSON.parse('{\"deep\": 1}');",
    "(globalThis as any).wild.",
    "deep",
  ],
])("completion of %s leaves out what every object has, until it is begun", async (_, declares, code, member) => {
  await client.execute(declares);
  const { matches } = await complete(client, code.replace("(globalThis as any).", ""));
  expect(matches).toContain(member);
  for (const everywhere of ["constructor", "isPrototypeOf", "hasOwnProperty", "__proto__"])
    expect(matches).not.toContain(everywhere);
  expect((await complete(client, `${code.replace("(globalThis as any).", "")}hasO`)).matches).toContain(
    "hasOwnProperty",
  );
});

test("completion takes the time that is printed", async () => {
  for (const code of ["shapes[0].", "tf.", "sha"]) {
    const times: number[] = [];
    for (let round = 0; round < 30; round++) {
      const started = performance.now();
      await complete(client, `const v${round} = 1; ${code}`);
      if (round >= 5) times.push(performance.now() - started);
    }
    const median = times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
    console.log(`kernel: completion of ${code} after warm-up, median of ${times.length}: ${median.toFixed(1)} ms`);
    expect(times).toHaveLength(25);
  }
});

test("the kernel takes the memory that is printed, with the language service loaded", async () => {
  const other = await Client.start();
  const rss = (): number => {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${other.process.pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) / 1000;
  };
  await other.execute("1 + 1");
  const atStart = rss();
  await untilTyped(other, "console.lo", "method");
  for (let round = 0; round < 30; round++) await complete(other, `const v${round} = [1]; v${round}.`);
  console.log(`kernel: resident memory ${atStart.toFixed(0)} MB, with the language service ${rss().toFixed(0)} MB`);
  expect(rss()).toBeLessThan(500);
  await other.stop();
});

test("a kernel ends at once while TypeScript is being loaded", async () => {
  const other = await Client.start();
  await other.request("complete_request", { code: "Math.sq", cursor_pos: 7 });
  const asked = performance.now();
  expect(await other.stop()).toBe(0);
  console.log(`kernel: shutdown while TypeScript loads: ${(performance.now() - asked).toFixed(0)} ms`);
});
