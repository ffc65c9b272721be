/** Alarms: runs that go wrong on purpose are found, each by its own alarm, and runs that do not go wrong raise none. */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import type { Example } from "../../src/data/examples.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { type Cell, Table } from "../../src/display/table.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { StagePlan } from "../../src/plan/plan.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { classifierOnly, progressive } from "../../src/recipes/recipes.ts";
import { Run } from "../../src/run.ts";
import { compareRuns } from "../../src/show/compareRuns.ts";
import { randomWords } from "../../src/tensor/random.ts";
import { engineName } from "../../src/tensor/tensorflow.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { type Alarm, type AlarmCode, leakage } from "../../src/train/alarms.ts";
import { AlarmWatch, type WatchState } from "../../src/train/alarmWatch.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import { Trainer } from "../../src/trainer.ts";
import { letters, tinyModel, tinyTrainer } from "./tiny.ts";

const miniLM = "sentence-transformers/all-MiniLM-L6-v2";
const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
  columns: ["id", "rating", "text"],
  text: "text",
  label: ({ rating }) => (Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative"),
});
const { train, validation, test: more } = reviews.split({ train: 400, validation: 200, test: 400, seed: 0 });

/** Trains MiniLM on review snippets. */
async function onReviews(options: Partial<TrainerOptions> = {}): Promise<Run> {
  const model = await AutoModelForSequenceClassification.fromPretrained(miniLM, { numLabels: 2, seed: 0 });
  const { args, ...others } = options;
  try {
    const trainer = new Trainer({
      ...{ model, tokenizer, trainDataset: train, evalDataset: validation },
      ...others,
      args: { perDeviceTrainBatchSize: 16, seed: 0, disableTqdm: true, ...args },
    });
    return await trainer.train();
  } finally {
    model.dispose();
  }
}

/** Trains the tiny model on letters. */
async function onLetters(options: Partial<TrainerOptions> = {}): Promise<Run> {
  const labels = options.trainDataset?.labelNames.length ?? 2;
  const model = options.model ?? (await tinyModel({}, labels));
  const data = { trainDataset: letters(200), evalDataset: letters(100, 1) };
  try {
    return await (await tinyTrainer({ ...data, ...options, model })).train();
  } finally {
    model.dispose();
  }
}
/** The texts of the data with other labels. */
function relabel(data: TextDataset, labelOf: (label: number, place: number) => number, labelNames: string[]) {
  const labels = Int32Array.from(data.labels, labelOf);
  return new TextDataset({ name: data.name, texts: data.texts, labels, labelNames });
}
const two = ["early", "late"];
const slow = { epochs: [2, 2, 3] as const, layers: 1, learningRate: 1e-3 };
const learnt: Stage[] = [{ name: "first", train: "all", epochs: 4, learningRate: 1e-3 }];

/** Labels of which 3 in 10 are the other one: there is no more to learn than the rest, except by heart. */
const noisy = (count: number, seed: number) =>
  relabel(letters(count, seed), (label, place) => (Math.floor(place / 2) % 10 < 3 ? 1 - label : label), two);
const bad = { trainDataset: noisy(80, 0), evalDataset: noisy(300, 1) };
/** Every third "early" is called "mixed" instead, and nothing in the text shows it. */
const hidden = (count: number, seed: number) =>
  relabel(letters(count, seed), (label, place) => (label === 0 && (place / 2) % 3 === 0 ? 2 : label), [
    ...two,
    "mixed",
  ]);
/** Letters with one "late" for 19 "early". */
function rare(count: number, seed: number): TextDataset {
  const [early, late] = [0, 1].map((label) =>
    Array.from(letters(2 * count, seed)).filter((_, place) => place % 2 === label),
  ) as [Example[], Example[]];
  return TextDataset.fromRows([...early.slice(0, (19 * count) / 20), ...late.slice(0, count / 20)], {
    ...{ text: "text", label: "label" },
  });
}
/** The data without the examples whose text other data has too: the line of docs/alarms.md. */
function without(data: TextDataset, other: TextDataset): TextDataset {
  const plain = (text: string) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
  const known = new Set(other.texts.map(plain));
  const rows = Array.from(data).filter(({ text }) => !known.has(plain(text)));
  return TextDataset.fromRows(rows, { text: "text", label: "label", labels: data.labelNames });
}
const unbalanced = { trainDataset: rare(400, 0), evalDataset: without(letters(100, 1), rare(400, 0)) };
/** Training data, a tenth of which stands in the validation data in other case and with other blanks. */
const leaky = letters(200);
const leaked = TextDataset.fromRows(
  [
    ...letters(90, 1),
    ...Array.from(leaky)
      .slice(0, 10)
      .map(({ text, label }) => ({ text: `  ${text.toUpperCase().replaceAll(" ", "\t")}`, label })),
  ],
  { text: "text", label: "label" },
);
/** Reviews whose labels say nothing about them. */
const shuffled = relabel(train, (_, place) => place % 2, ["negative", "positive"]);

const everything = (rates: Partial<Stage>, epochs = 3): Stage[] => [{ train: "all", epochs, ...rates }];
const epochs = (numTrainEpochs: number, others: TrainingArguments = {}) => ({ args: { numTrainEpochs, ...others } });

/** Runs of strategies with three seeds each: the values that a comparison is made of. */
const compared = async (plans: readonly Stage[][]): Promise<readonly Alarm[]> => {
  const strategies: Record<string, Run[]> = {};
  for (const [i, stages] of plans.entries()) {
    const runs: Run[] = [];
    for (const seed of [0, 1, 2]) {
      const data = { trainDataset: noisy(40, 0), evalDataset: noisy(100, 1) };
      runs.push(await onLetters({ ...data, stages, args: { seed } }));
    }
    strategies[`strategy ${i}`] = runs;
  }
  return compareRuns(strategies).alarms;
};

type Result = readonly Alarm[];
const alarmsOf = async (run: Promise<Run>): Promise<Result> => (await run).alarms;

/** What goes wrong on purpose with the alarms that say so, and the same after the advice of the alarm was followed. */
const cases: {
  readonly wrong: string;
  readonly found: readonly AlarmCode[];
  readonly bad: () => Promise<Result>;
  readonly right: string;
  readonly good: () => Promise<Result>;
}[] = [
  {
    wrong: "reviews: a head alone at 1e-6",
    found: ["HEAD_RATE", "NOT_LEARNING", "NEVER_PREDICTED"],
    bad: () => alarmsOf(onReviews({ stages: classifierOnly({ epochs: 2, headLearningRate: 1e-6 }) })),
    right: "at 1e-3",
    good: () => alarmsOf(onReviews({ stages: classifierOnly({ epochs: 2, headLearningRate: 1e-3 }) })),
  },
  {
    wrong: "letters: progressive, the head at 5e-5",
    found: ["HEAD_RATE", "NOT_LEARNING"],
    bad: () => alarmsOf(onLetters({ stages: progressive({ ...slow, headLearningRate: 5e-5 }) })),
    right: "progressive as it is by default",
    good: () => alarmsOf(onLetters({ stages: progressive(slow) })),
  },
  {
    wrong: "letters: everything at 1e-7",
    found: ["NOT_LEARNING", "NEVER_PREDICTED"],
    bad: () => alarmsOf(onLetters({ stages: everything({ learningRate: 1e-7 }) })),
    right: "at 5e-5, the head at 1e-3",
    good: () => alarmsOf(onLetters({ stages: everything({ learningRate: 5e-5, headLearningRate: 1e-3 }) })),
  },
  {
    wrong: "letters: everything at 1",
    found: ["DIVERGENCE", "NEVER_PREDICTED"],
    bad: () => alarmsOf(onLetters({ stages: everything({ learningRate: 1 }) })),
    right: "at 5e-5 with warm-up",
    good: () => alarmsOf(onLetters({ stages: everything({ learningRate: 5e-5, warmupSteps: 0.1 }, 4) })),
  },
  {
    wrong: "letters: a second stage at 0.1",
    found: ["DIVERGENCE"],
    bad: () => alarmsOf(onLetters({ stages: [...learnt, ...everything({ learningRate: 0.1 }, 2)] })),
    right: "at 5e-5 with warm-up",
    good: () =>
      alarmsOf(onLetters({ stages: [...learnt, ...everything({ learningRate: 5e-5, warmupSteps: 0.1 }, 2)] })),
  },
  {
    wrong: "letters: a third of the labels wrong, 8 epochs",
    found: ["OVERFITTING"],
    bad: () => alarmsOf(onLetters({ ...bad, ...epochs(8, { learningRate: 3e-3 }) })),
    right: "3 epochs",
    good: () => alarmsOf(onLetters({ ...bad, ...epochs(3, { learningRate: 3e-3 }) })),
  },
  {
    wrong: "reviews: labels at random, 6 epochs",
    found: ["OVERFITTING"],
    bad: () =>
      alarmsOf(onReviews({ trainDataset: shuffled, evalDataset: more, stages: classifierOnly({ epochs: 6 }) })),
    right: "labels of their own, 3 epochs",
    good: () => alarmsOf(onReviews({ evalDataset: more, stages: classifierOnly({ epochs: 3 }) })),
  },
  {
    wrong: "letters: a label that no text shows",
    found: ["NEVER_PREDICTED"],
    bad: () => alarmsOf(onLetters({ trainDataset: hidden(200, 0), evalDataset: hidden(100, 1), ...epochs(4) })),
    right: "without that label",
    good: () => alarmsOf(onLetters(epochs(4))),
  },
  {
    wrong: "letters: 19 of a label for one of the other",
    found: ["IMBALANCE"],
    bad: () => alarmsOf(onLetters({ ...unbalanced, ...epochs(3) })),
    right: "judged by macro F1",
    good: () =>
      alarmsOf(
        onLetters({
          ...unbalanced,
          ...epochs(3, { metricForBestModel: "macroF1" }),
        }),
      ),
  },
  {
    wrong: "letters: a tenth of the validation is training",
    found: ["LEAKAGE"],
    bad: () => alarmsOf(onLetters({ trainDataset: leaky, evalDataset: leaked, ...epochs(2) })),
    right: "left out",
    good: () => alarmsOf(onLetters({ trainDataset: leaky, evalDataset: without(leaked, leaky), ...epochs(2) })),
  },
  {
    wrong: "letters: maxLength 5",
    found: ["TRUNCATED"],
    bad: () => alarmsOf(onLetters(epochs(3, { maxLength: 5 }))),
    right: "maxLength 11",
    good: () => alarmsOf(onLetters(epochs(3, { maxLength: 11 }))),
  },
  {
    wrong: "letters: strategies that differ by nothing, 3 seeds",
    found: ["SEED_NOISE"],
    bad: () => compared([everything({ learningRate: 3e-3 }), everything({ learningRate: 2.9e-3 })]),
    right: "strategies that differ",
    good: () =>
      compared([everything({ learningRate: 3e-3 }), everything({ learningRate: 1e-7, headLearningRate: 1e-7 })]),
  },
];

test.runIf(engineName === "tensorflow")(
  "12 runs that go wrong are found by their alarms alone, and after the advice was followed there is none",
  async () => {
    const rows: Cell[][] = [];
    for (const { wrong, found, bad, right, good } of cases) {
      const [raised, afterwards] = [await bad(), await good()];
      const isFound = isDeepStrictEqual(
        raised.map(({ code }) => code),
        found,
      );
      const seen = (alarms: Result) => alarms.map(({ code }) => code).join(", ") || "none";
      rows.push([wrong, seen(raised), isFound ? "found" : `expected ${found.join(", ")}`, right, seen(afterwards)]);
    }
    const [hits, misses] = [
      rows.filter(([, , verdict]) => verdict === "found"),
      rows.filter((row) => row[4] !== "none"),
    ];
    const caption = `${hits.length} found, ${misses.length} false`;
    const columns = ["goes wrong", "alarms", "", "does not go wrong", "alarms "];
    console.log(String(new Table({ columns, rows, caption })));
    expect(caption).toBe("12 found, 0 false");
  },
  600_000,
);

test("an alarm is an event when it arises, stands in the record and the report, and names stage, epoch and step", async () => {
  const model = await tinyModel();
  const stages = [...learnt.map((stage) => ({ ...stage, epochs: 2 })), ...everything({ learningRate: 0 }, 1)];
  const trainer = await tinyTrainer({ model, trainDataset: leaky, evalDataset: leaked, stages });
  const order: string[] = [];
  for await (const event of trainer.events()) {
    if (event.kind === "alarm") order.push(event.alarm.code);
    else if (event.kind !== "step" && event.kind !== "evaluate") order.push(event.kind);
  }
  expect(order.slice(0, 3)).toEqual(["begin", "LEAKAGE", "stage"]);
  const run = trainer.run as Run;
  const [leakage] = run.alarms as [Alarm];
  expect(leakage).toMatchObject({ code: "LEAKAGE", values: { examples: 10, share: 0.1, rows: [91, 92, 93, 94, 95] } });
  expect(leakage.sentence).toMatch(/^10 of 100 validation examples \(10\.0%\) .*\(rows 91, 92, 93 and 7 more of/);
  expect(new Run(JSON.parse(JSON.stringify(run))).alarms).toEqual(run.alarms);
  expect(run.report().alarms).toEqual(run.alarms);
  expect(String(run)).toContain(`Alarm LEAKAGE: ${leakage.sentence}`);
  const { alarms: _, ...old } = run.record; // as versions without alarms have written it
  expect(new Run(old).alarms).toEqual([]);
  expect(new Run(old).report().alarms).toEqual([]);
  model.dispose();
});

test("a callback can end a run at an alarm: training stops by itself when it goes wrong", async () => {
  const model = await tinyModel();
  const trainer = await tinyTrainer({
    ...{ model, trainDataset: letters(200), evalDataset: letters(100, 1), stages: everything({ learningRate: 1 }, 9) },
    callbacks: [(event) => (event.kind === "alarm" && event.alarm.code === "DIVERGENCE" ? "stop" : undefined)],
  });
  const run = await trainer.train();
  const { epoch } = run.alarms.find(({ code }) => code === "DIVERGENCE") as Alarm;
  expect(run.stages[0]?.outcome?.ended).toBe("callback");
  expect(run.stages[0]?.outcome?.steps).toBeLessThanOrEqual(25 * (epoch as number) + 1);
  model.dispose();
});

test("pairs leak as pairs: the same text beside another one does not", () => {
  const pairs = (rows: [string, string][]) =>
    TextDataset.fromRows(
      rows.map(([text, pair], i) => ({ text, pair, label: two[i % 2] })),
      { text: "text", textPair: "pair", label: "label" },
    );
  const training = pairs([
    ["One.", "Two."],
    ["Three.", "Four."],
  ]);
  const alarms = leakage(
    training,
    pairs([
      ["One.", "Four."],
      ["three.", " FOUR. "],
      ["Two.", "One."],
    ]),
  );
  expect(alarms).toHaveLength(1);
  expect(alarms[0]?.sentence).toMatch(/^1 of 3 validation examples \(33\.3%\) are in the training data too \(row 2 of/);
});

describe("the watch", () => {
  const stages = [{ name: "all", epochs: 8, firstEpoch: 1, steps: 80, learningRate: 5e-5 }] as unknown as StagePlan[];
  const noise = Array.from(randomWords(0, "noise", 400), (word) => word / 2 ** 32 - 0.5);
  /** Eight epochs of ten steps with these losses; where `breaks`, the watch is made anew from its state after each. */
  const watched = (lossOf: (step: number) => number, validationOf: (epoch: number) => number, breaks = false) => {
    const input = { stages, chance: Math.log(2) };
    let watch = new AlarmWatch(input);
    watch.enterStage(0);
    const alarms: Alarm[] = [];
    for (let epoch = 1; epoch <= 8; epoch++) {
      let sum = 0;
      for (let i = 0; i < 10; i++) {
        const step = 10 * (epoch - 1) + i + 1;
        const loss = lossOf(step) + 0.05 * (noise[step] as number);
        sum += loss / 10;
        alarms.push(...watch.stepDone(loss, step, step / 10));
        if (breaks) watch = new AlarmWatch(input, JSON.parse(JSON.stringify(watch.state)) as WatchState);
      }
      watch.evaluated(Array.from({ length: 100 }, (_, i) => validationOf(epoch) + (noise[i + 100] as number)));
      alarms.push(...watch.rowDone({ step: 10 * epoch, epoch, stage: 0, loss: sum }, true));
      if (breaks) watch = new AlarmWatch(input, JSON.parse(JSON.stringify(watch.state)) as WatchState);
    }
    return alarms;
  };

  test.each<[string, (step: number) => number, (epoch: number) => number, string[]]>([
    ["learns", (step) => 0.7 - step / 200, (epoch) => 0.7 - epoch / 50, []],
    ["stays where a guess is", () => 0.69, () => 0.69, ["NOT_LEARNING 4"]],
    ["rises", (step) => (step < 9 ? 0.69 : 3), () => 0.8, ["DIVERGENCE 1.6"]],
    ["turns", (step) => 0.7 - step / 200, (epoch) => 0.6 + 0.1 * Math.abs(epoch - 3), ["OVERFITTING 4"]],
    ["falls back", (step) => (step <= 40 ? 0.3 : 0.69), () => 0.6, ["DIVERGENCE 5"]],
    ["was low from the beginning", () => 0.1, () => 0.1, []],
  ])(
    "of a stage that %s tells just that, and goes on after any step as if nothing had been",
    (_, loss, evaluated, told) => {
      const alarms = watched(loss, evaluated);
      expect(alarms.map(({ code, epoch }) => `${code} ${epoch}`)).toEqual(told);
      expect(watched(loss, evaluated, true)).toEqual(alarms);
      for (const alarm of alarms) {
        expect(alarm.stage).toBe(0);
        expect(alarm.sentence).toMatch(/^[A-Z].*\.$/);
      }
    },
  );
});
