/** Plans from files: what is read, and where in the file each error says that it is. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { ThawError } from "../../src/errors.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { resolveArguments } from "../../src/plan/arguments.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { type PlanFile, readPlan } from "../../src/plan/planFile.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, lastLayers, progressive } from "../../src/recipes/recipes.ts";
import { randomWords } from "../../src/tensor/random.ts";
import { goldenPath } from "../golden/read.ts";
import { temporaryFolder } from "../temporary.ts";

const folder = temporaryFolder();

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** The code of the error of a file, and its message without the folder. */
async function errorOf(name: string, content: string | Uint8Array, options = {}): Promise<[string, string]> {
  const path = await fileOf(name, content);
  try {
    await readPlan(path, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ThawError);
    const { code, message } = error as ThawError;
    expect(message.startsWith(`${path}:`)).toBe(true);
    return [code, message.slice(folder.length + 1)];
  }
  throw new Error("The file was read.");
}

test("stages and arguments are read from YAML as they are written in TypeScript", async () => {
  const plan = await readPlan(
    await fileOf(
      "plan.yaml",
      `# Progressive unfreezing of a small model
args:
  learningRate: 5e-5
  num_train_epochs: 3
  adam_epsilon: 1.0e-8
  weight_decay: .01
  per_device_train_batch_size: 0x10
  loadBestModelAtEnd: false
  output_dir: runs/reviews
  cacheMemory: 4GB
stages:
  - name: head
    train: head
    epochs: 3
    head_learning_rate: 1e-3
  - train: [head, { last_layers: 2 }]
    epochs: 3
    warmupSteps: 0.1
  - train:
      - parameters: /LayerNorm/i
      - { layers: [0, 1] }
    epochs: 2
    lr_scheduler_type: cosine
`,
    ),
  );
  expect(plan).toEqual({
    args: {
      learningRate: 5e-5,
      numTrainEpochs: 3,
      adamEpsilon: 1e-8,
      weightDecay: 0.01,
      perDeviceTrainBatchSize: 16,
      loadBestModelAtEnd: false,
      outputDir: "runs/reviews",
      cacheMemory: "4GB",
    },
    stages: [
      { name: "head", train: "head", epochs: 3, headLearningRate: 1e-3 },
      { train: ["head", { lastLayers: 2 }], epochs: 3, warmupSteps: 0.1 },
      { train: [{ parameters: "/LayerNorm/i" }, { layers: [0, 1] }], epochs: 2, lrSchedulerType: "cosine" },
    ],
  });
});

test("a list is read as stages, a mapping without stages and args as arguments, and aliases are followed", async () => {
  expect(await readPlan(await fileOf("list.yml", "- train: head\n  epochs: 1\n"))).toEqual({
    stages: [{ train: "head", epochs: 1 }],
  });
  expect(await readPlan(await fileOf("training_args.json", '{"num_train_epochs":3,"learning_rate":5e-05}'))).toEqual({
    args: { numTrainEpochs: 3, learningRate: 5e-5 },
  });
  const aliases = "- train: &some [head, { lastLayers: 2 }]\n  epochs: 1\n- { train: *some, epochs: 2 }\n";
  const train = ["head", { lastLayers: 2 }];
  expect(await readPlan(await fileOf("aliases.yaml", aliases))).toEqual({
    stages: [
      { train, epochs: 1 },
      { train, epochs: 2 },
    ],
  });
});

const stage = (settings: string) => `- train: head\n  epochs: 1\n  ${settings}\n`;
const args = (settings: string) => `args:\n  seed: 1\n  ${settings}\n`;

/** A chain of aliases that stands for 9^7 values. */
const bomb = Array.from({ length: 8 }, (_, i) => {
  const item = i === 0 ? "x" : `*a${i - 1}`;
  return `  n${i}: &a${i} [${Array(9).fill(item).join(", ")}]`;
}).join("\n");

test.each<[what: string, name: string, content: string | Uint8Array, place: string, code: string, says: RegExp]>([
  // no YAML or JSON
  ["nothing", "x.yaml", "", "1:1", "BAD_PLAN", /holds nothing/],
  ["a comment alone", "x.yaml", "# stages\n", "1:1", "BAD_PLAN", /holds nothing/],
  ["no part", "x.json", "{}", "1:1", "BAD_PLAN", /holds nothing/],
  ["a text", "x.yaml", "\n  head", "2:3", "BAD_PLAN", /holds stages, args or both; found 'head'/],
  ["bytes that are not UTF-8", "x.yaml", Uint8Array.of(0x61, 0xff), "1:1", "BAD_PLAN", /not UTF-8/],
  ["an open bracket", "x.yaml", "- train: [head\n  epochs: 1\n", "2:3", "BAD_PLAN", /Flow sequence in block/],
  ["a tab as indentation", "x.yaml", "args:\n\tseed: 1\n", "2:1", "BAD_PLAN", /Tabs are not allowed/],
  ["a colon too many", "x.yaml", args("outputDir: a: b"), "3:14", "BAD_PLAN", /Nested mappings/],
  ["a reserved character", "x.yaml", args("outputDir: @runs"), "3:14", "BAD_PLAN", /reserved character @/],
  ["two documents", "x.yaml", "- train: head\n---\n- train: all\n", "2:1", "BAD_PLAN", /multiple documents/],
  ["a tag", "x.yaml", args("seed2: !!js/function f"), "3:10", "BAD_PLAN", /Unresolved tag.*leave it out/],
  ["an alias without an anchor", "x.yaml", args("outputDir: *there"), "3:14", "BAD_PLAN", /no anchor &there/],
  ["a bomb of aliases", "x.yaml", `args:\n${bomb}\n`, "7:12", "BAD_PLAN", /more than 100000 values/],
  ["an alias of itself", "x.yaml", "args: &a\n  seed: *a\n", "2:9", "BAD_PLAN", /nested more than 40 deep/],
  ["a thousand brackets", "x.yaml", `args: ${"[".repeat(1000)}`, "1:407", "BAD_PLAN", /nested more than 40 deep/],
  ["a thousand dashes", "x.yaml", `args: 1\n${"- ".repeat(20_000)}`, "2:1", "BAD_PLAN", /nested more than 40 deep/],
  ["fifty levels", "x.yaml", `args: ${"[".repeat(50)}${"]".repeat(50)}`, "1:47", "BAD_PLAN", /more than 40 deep/],
  ["a comment in JSON", "x.json", '{\n  // "a"\n}', "2:3", "BAD_PLAN", /This is no JSON/],
  ["a comma too many in JSON", "x.json", '{\n  "args": {"seed": 1,}\n}', "2:22", "BAD_PLAN", /This is no JSON/],
  ["single quotation marks in JSON", "x.json", "{\n  'args': {}\n}", "2:3", "BAD_PLAN", /This is no JSON/],
  ["JSON that ends early", "x.json", '{\n  "args": {', "2:12", "BAD_PLAN", /This is no JSON/],
  // names
  ["a name twice", "x.yaml", args("seed: 2"), "3:3", "BAD_PLAN", /seed is set twice: set it once/],
  ["a name twice in JSON", "x.json", '{ "args": { "seed": 1,\n "seed": 1 } }', "2:2", "BAD_PLAN", /seed is set twice/],
  [
    "a name in both spellings",
    "x.yaml",
    "args:\n  learningRate: 1\n  learning_rate: 1\n",
    "3:3",
    "BAD_PLAN",
    /learningRate is set twice, as learningRate and as learning_rate/,
  ],
  ["a name of the prototype", "x.json", '{ "args": { "__proto__": { "seed": 1 } } }', "1:13", "BAD_PLAN", /__proto__/],
  ["a list as a name", "x.yaml", "args:\n  ? [seed]\n  : 1\n", "2:5", "BAD_PLAN", /names of a mapping are texts/],
  ["a number as a name", "x.yaml", args("7: 1"), "3:3", "BAD_PLAN", /names of a mapping are texts/],
  ["a part with a typing error", "x.yaml", "stage:\n  - train: head\n", "1:1", "BAD_PLAN", /Did you mean stages/],
  ["another part", "x.yaml", "args: {}\nmodel: bert\n", "2:1", "BAD_PLAN", /parts stages and args, not "model"/],
  // arguments
  ["an unknown argument", "x.yaml", args("learning_rat: 1"), "3:3", "BAD_ARGUMENT", /Did you mean learningRate/],
  ["an argument of transformers", "x.yaml", args("warmup_ratio: 0.1"), "3:3", "BAD_ARGUMENT", /warmupSteps: 0.1/],
  ["a text for a number", "x.yaml", args("learning_rate: fast"), "3:18", "BAD_ARGUMENT", /learningRate is fast/],
  ["a switch in old YAML", "x.yaml", args("disable_tqdm: yes"), "3:17", "BAD_ARGUMENT", /disableTqdm is "yes"/],
  ["no value", "x.yaml", args("learningRate:"), "3:16", "BAD_ARGUMENT", /learningRate/],
  ["not a number", "x.yaml", args("weightDecay: .nan"), "3:16", "BAD_ARGUMENT", /weightDecay is NaN/],
  ["a number that is too large", "x.json", '{"args":\n{"seed": -1}}', "2:10", "BAD_ARGUMENT", /seed is -1/],
  ["arguments as a list", "x.yaml", "args:\n  - seed\n", "2:3", "BAD_ARGUMENT", /given by name/],
  ["an unknown argument without parts", "x.json", '{"seed": 1,\n "sede": 1}', "2:2", "BAD_ARGUMENT", /"sede"/],
  // stages
  ["no stage", "x.yaml", "stages: []\n", "1:9", "BAD_STAGE", /has no stage/],
  ["stages as a mapping", "x.yaml", "stages:\n  train: head\n", "2:3", "BAD_STAGE", /has no stage/],
  [
    "a stage as a text",
    "x.yaml",
    "- train: head\n  epochs: 1\n- head\n",
    "3:3",
    "BAD_STAGE",
    /Stage 1 is not an object/,
  ],
  ["no epochs", "x.yaml", "- train: all\n", "1:3", "BAD_STAGE", /Stage 0 has epochs undefined/],
  [
    "nothing that trains",
    "x.yaml",
    `${stage("")}- epochs: 1\n`,
    "4:3",
    "BAD_STAGE",
    /Stage 1 does not say what it trains/,
  ],
  ["an unknown setting", "x.yaml", stage("patiens: 2"), "3:3", "BAD_STAGE", /Did you mean patience/],
  ["a setting of another library", "x.yaml", stage("llrd: 0.9"), "3:3", "BAD_STAGE", /Here it is layerDecay/],
  ["an impossible setting", "x.yaml", stage("layer_decay: 0"), "3:16", "BAD_STAGE", /layerDecay 0/],
  ["half an epoch", "x.json", '[{"train": "head", "epochs": 0.5}]', "1:30", "BAD_STAGE", /epochs 0.5/],
  ["an empty selection", "x.yaml", "- train: []\n  epochs: 1\n", "1:10", "BAD_STAGE", /its selection is empty/],
  [
    "an alias of a bad value",
    "x.yaml",
    "- { train: head, epochs: &n 1 }\n- { train: all, epochs: 1, patience: 0, name: *n }",
    "2:47",
    "BAD_STAGE",
    /Stage 1 has the name 1/,
  ],
  [
    "the setting that the message is about, of two",
    "x.yaml",
    "- { train: head, patience: 0, name: 5, epochs: 1 }",
    "1:37",
    "BAD_STAGE",
    /name 5/,
  ],
  ["warm-up that is too long with others", "x.yaml", stage("name: x\n  warmupSteps: 1.5"), "4:16", "BAD_STAGE", /1.5/],
  // selections
  [
    "an unknown word",
    "x.yaml",
    "- train: haed\n  epochs: 1\n",
    "1:10",
    "BAD_SELECTION",
    /Stage 0.*Did you mean "head"/,
  ],
  ["an unknown word in a list", "x.yaml", "- train: [head, layer]\n  epochs: 1\n", "1:17", "BAD_SELECTION", /'layer'/],
  [
    "an unknown name",
    "x.yaml",
    "- train: [head, { last_layer: 2 }]\n  epochs: 1\n",
    "1:19",
    "BAD_SELECTION",
    /lastLayers/,
  ],
  [
    "a count of 0",
    "x.yaml",
    "- train: [head, { lastLayers: 0 }]\n  epochs: 1\n",
    "1:31",
    "BAD_SELECTION",
    /lastLayers: 0/,
  ],
  ["a negative layer", "x.yaml", "- train: { layers: [0, -1] }\n  epochs: 1\n", "1:24", "BAD_SELECTION", /layer -1/],
  [
    "a layer twice",
    "x.yaml",
    "- train: { layers: [3, 2, 3] }\n  epochs: 1\n",
    "1:27",
    "BAD_SELECTION",
    /layer 3 twice/,
  ],
  [
    "a part twice",
    "x.yaml",
    "- train: [head, embeddings, head]\n  epochs: 1\n",
    "1:29",
    "BAD_SELECTION",
    /'head' twice/,
  ],
  ["all beside another part", "x.yaml", "- train: [all, head]\n  epochs: 1\n", "1:16", "BAD_SELECTION", /stands alone/],
  [
    "two names in one",
    "x.yaml",
    "- train: { lastLayers: 2, firstLayers: 2 }\n  epochs: 1\n",
    "1:27",
    "BAD_SELECTION",
    /nothing known/,
  ],
  [
    "a bad pattern",
    "x.yaml",
    '- train: { parameters: "/(/" }\n  epochs: 1\n',
    "1:24",
    "BAD_SELECTION",
    /is no pattern/,
  ],
  [
    "a number as a selection",
    "x.yaml",
    "- train: 2\n  epochs: 1\n",
    "1:10",
    "BAD_SELECTION",
    /2 selects nothing known/,
  ],
])("%s is refused at its place", async (_, name, content, place, code, says) => {
  const [found, message] = await errorOf(name, content);
  expect(`${found} ${message}`).toMatch(new RegExp(`^${code} ${name}:${place}: `));
  expect(message).toMatch(says);
});

test("with a model, layers and names that it does not have are refused at their place", async () => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"), { numLabels: 2 });
  const { depth } = model;
  const layers = `- train:\n    - head\n    - layers: [0, ${depth}]\n  epochs: 1\n`;
  expect(await errorOf("x.yaml", layers, { model })).toEqual([
    "BAD_SELECTION",
    expect.stringMatching(/^x\.yaml:3:19: Stage 0: There is no encoder layer/),
  ]);
  const name = '- train: { parameters: "/nothing/" }\n  epochs: 1\n';
  expect(await errorOf("x.yaml", name, { model })).toEqual([
    "BAD_SELECTION",
    expect.stringMatching(/^x\.yaml:1:24: Stage 0: No parameter's name matches/),
  ]);
  const names = `- train: { parameters: [${[...model.blocks.keys()][0]}, nothing] }\n  epochs: 1\n`;
  expect((await errorOf("x.yaml", names, { model }))[1]).toMatch(/^x\.yaml:1:\d\d: Stage 0: There is no parameter/);
});

const plans: readonly (readonly Stage[])[] = [
  progressive(),
  classifierOnly(),
  lastLayers(2),
  [
    {
      name: 'a "name": # with, everything\n',
      train: ["head", { parameters: /Layer(Norm|\/)\.[a-z]+/i }, { layers: [1] }],
      epochs: 2,
      learningRate: 5e-5,
      headLearningRate: 1e-300 * 0 + 1e-3,
      layerDecay: 0.95,
      lrSchedulerType: "constant_with_warmup",
      warmupSteps: 0.25,
      patience: 2,
    },
    { train: { parameters: ["classifier.weight", "classifier.bias"] }, epochs: 1 },
  ],
];

test.each(plans)("a plan that is written reads back to the same plan", async (...stages) => {
  const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny-4"), { numLabels: 2 });
  const defaults = { ...resolveArguments(), stepsPerEpoch: 10, allowFrozenRandomHead: true };
  const plan = makePlan(stages, model, defaults);
  const json = await readPlan(await fileOf("plan.json", JSON.stringify(plan, null, "\t")));
  const yaml = await readPlan(await fileOf("plan.yaml", stringify(plan.toJSON())));
  const resolved = await readPlan(
    await fileOf("resolved.json", JSON.stringify(plan.stages.map(({ row }) => row.resolved))),
  );
  expect(yaml).toEqual(json);
  expect(json).toEqual({ stages: plan.stages.map(({ row }) => row.written) });
  const rows = ({ stages: read = [] }: PlanFile) => makePlan(read, model, defaults).stages.map(({ row }) => row);
  expect(rows(json)).toEqual(plan.stages.map(({ row }) => row));
  expect(rows(resolved).map(({ written, ...row }) => row)).toEqual(
    plan.stages.map(({ row: { written, ...row } }) => row),
  );
});

test("line and column are counted in files with a byte order mark and with Windows' ends of lines", async () => {
  const text = "\ufeffargs:\r\n  seed: 1\r\n  sede: 1\r\n";
  expect((await errorOf("x.yaml", text))[1]).toMatch(/^x\.yaml:3:3: /);
});

test("a file that is missing, too large, or of another kind is refused", async () => {
  await expect(readPlan(join(folder, "none.yaml"))).rejects.toMatchObject({ code: "MISSING_FILE" });
  const large = await fileOf("large.yaml", `# ${"x".repeat(1_000_001)}`);
  await expect(readPlan(large)).rejects.toMatchObject({
    code: "MISSING_FILE",
    message: expect.stringMatching(/at most 1 MB/),
  });
  await expect(readPlan("plan.toml")).rejects.toMatchObject({
    code: "BAD_ARGUMENT",
    message: expect.stringMatching(/ends in \.yaml/),
  });
  await expect(readPlan(undefined as never)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  await expect(readPlan("plan.yaml", { modle: 1 } as never)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
});

test("the guide to plans shows a file that is read, and the errors that it says", async () => {
  const guide = await readFile(new URL("../../docs/plans.md", import.meta.url), "utf8");
  const [, name = "", yaml = ""] = /```yaml (\S+)\n(.*?)```/s.exec(guide) ?? [];
  const { stages, args } = await readPlan(await fileOf(name, yaml));
  expect(stages?.map(({ epochs }) => epochs)).toEqual([3, 3]);
  expect(args).toMatchObject({ outputDir: "runs/reviews", learningRate: 5e-5 });
  const wrong = [yaml.replace("epochs: 3", "epoch: 3"), yaml.replace("lastLayers: 4", "lastLayers: 0")];
  const errors = await Promise.all(wrong.map((text, i) => errorOf(`${i}.yaml`, text)));
  const [, shown] = /```text\n(.*?)```/s.exec(guide) ?? [];
  expect(errors.map(([, message]) => message.replace(/^\d/, "plan")).join("\n")).toBe(shown?.trim());
});

test("whatever is done to a plan's text, it is read or refused at a place in it", async () => {
  const text = `args: { seed: &a 1, learning_rate: 5e-5 }
stages:
  - { name: "head", train: [head, { lastLayers: 2 }, { parameters: "/Norm/" }], epochs: 3 }
  - train: all
    epochs: *a
`;
  expect((await readPlan(await fileOf("whole.yaml", text))).stages?.length).toBe(2);
  const words = randomWords(7, "damage", 3 * 600);
  const pieces = [
    "- ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!!x ",
    "\n",
    "  ",
    "\t",
    '"',
    "'",
    "|",
    ">",
    "#",
    "%",
    "0",
    "?",
  ];
  let read = 0;
  for (let i = 0; i < 600; i++) {
    const [place, piece, cut] = [0, 1, 2].map((j) => words[3 * i + j] as number) as [number, number, number];
    const at = place % text.length;
    const changed = text.slice(0, at) + pieces[piece % pieces.length] + text.slice(at + (cut % 4));
    const path = await fileOf(i % 5 === 0 ? "damaged.json" : "damaged.yaml", changed);
    try {
      await readPlan(path);
      read += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(ThawError);
      const [, line, column] = /^[^:]+:(\d+):(\d+): /.exec((error as Error).message) ?? [];
      const there = changed.split("\n")[Number(line) - 1];
      expect(`${Number(column) <= (there?.length ?? -1) + 1} ${(error as Error).message}`).toMatch(/^true/);
    }
  }
  console.log(`${read} of 600 damaged plans are plans`);
});
