import { expect, test } from "vitest";
import { TextDataset } from "../src/data/textDataset.ts";
import { embeddingMap } from "../src/embeddingMap.ts";
import { principalComponents } from "../src/evaluate/principalComponents.ts";
import { AutoModelForSequenceClassification } from "../src/models/autoModel.ts";
import { PackedBatch } from "../src/models/packedBatch.ts";
import { embeddingMapFigure } from "../src/show/embeddingMapFigure.ts";
import { tf } from "../src/tensor/tensorflow.ts";
import { goldenPath } from "./golden/read.ts";
import { hostileTexts } from "./kernel/cells/display/hostileTexts.ts";
import { letters, tinyTrainer, tinyTokenizer as tokenizer } from "./train/tiny.ts";

const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
const dataset = letters(20);
const subject = { model, tokenizer };

type Trace = { name: string; x: number[]; y: number[]; text: string[]; marker: { color: string; symbol: string } };
const tracesOf = ({ figure }: { figure: { data: readonly object[] } }) => figure.data as unknown as Trace[];

/** The hidden states of each example alone, `[tokens][hidden]`, or what the head reads. */
const statesOf = (layer: number) =>
  tokenizer.encodeBatch([...dataset.texts]).map((text) => {
    const batch = PackedBatch.fromTexts([text]);
    const rows = tf.tidy(() => model.runPrefix([layer], batch).get(layer)?.arraySync()) as number[][];
    batch.dispose();
    return rows;
  });

test("points are the principal components of the means over tokens, and at the top of what the head reads", async () => {
  const tensors = tf.memory().numTensors;
  for (const layer of [0, 1, model.depth]) {
    const vectors = statesOf(layer).map((rows) =>
      (rows[0] as number[]).map((_, j) => rows.reduce((sum, row) => sum + (row[j] as number), 0) / rows.length),
    );
    if (layer === model.depth) expect(statesOf(layer).every(({ length }) => length === 1)).toBe(true);
    const expected = principalComponents(vectors);
    const { points, varianceRatio } = await embeddingMap(dataset, { ...subject, layer });
    const apart = points.map(({ x, y }, i) => {
      const [theirX, theirY] = expected.points[i] as readonly [number, number];
      return Math.hypot(x - theirX, y - theirY);
    });
    expect(Math.max(...apart)).toBeLessThan(1e-3);
    expect(varianceRatio[0]).toBeCloseTo(expected.varianceRatio[0], 4);
    expect(points.map(({ text }) => text)).toEqual(dataset.texts);
    expect(points.map(({ label }) => label)).toEqual(dataset.texts.map((_, i) => (i % 2 === 1 ? "late" : "early")));
  }
  expect(tf.memory().numTensors).toBeLessThan(tensors + 100); // weights in use, and nothing for each example
});

test("training moves the labels apart, and the text says where they lie", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 6, learningRate: 3e-3 } });
  await trainer.train();
  const map = await trainer.embeddingMap();
  const centre = (label: string) => {
    const own = map.points.filter((point) => point.label === label);
    return own.reduce((sum, { x }) => sum + x, 0) / own.length;
  };
  const middle = (centre("early") + centre("late")) / 2;
  const right = map.points.filter(({ x, label }) => x > middle === centre(label) > middle).length;
  expect(right / map.points.length).toBeGreaterThan(0.8);
  expect(String(map)).toMatch(
    /^Hidden states that the head reads\. 20 examples, by the first two.*\nlabel +examples +first +second +spread\n/,
  );
  expect(String(map)).toMatch(/\nearly +10 +/);
  trainer.model.dispose();
});

test("each label has a colour and a symbol, and rare labels are together", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ text: `a b ${i}`, label: `label ${Math.floor(i / 2) % 15}` }));
  const many = TextDataset.fromRows(rows);
  const traces = tracesOf(await embeddingMap(many, subject));
  expect(traces.length).toBe(12);
  expect(traces.at(-1)?.name).toBe("4 other labels");
  expect(new Set(traces.map(({ marker }) => marker.color + marker.symbol)).size).toBe(12);
  expect(traces.reduce((sum, { x }) => sum + x.length, 0)).toBe(40);
});

test("sets of labels, quarters of targets, and examples without labels are groups too", async () => {
  const texts = Array.from({ length: 12 }, (_, i) => `a b ${i}`);
  const namesOf = async (data: TextDataset) =>
    [...new Set((await embeddingMap(data, subject)).points.map(({ label }) => label))].sort();
  const sets = texts.map((text, i) => ({ text, label: [["joy"], ["joy", "trust"], []][i % 3] }));
  expect(await namesOf(TextDataset.fromRows(sets))).toEqual(["joy", "joy + trust", "no label"]);
  const stars = texts.map((text, i) => ({ text, stars: i }));
  const numbers = TextDataset.fromRows(stars, { label: "stars", problemType: "regression" });
  expect(await namesOf(numbers)).toEqual(["3 to 6", "6 to 9", "below 3", "from 9"]);
  expect(
    await namesOf(
      TextDataset.fromRows(
        texts.map((text) => ({ text })),
        { label: false },
      ),
    ),
  ).toEqual(["examples"]);
});

test("of a large data set every n-th example is taken, and the figure says so", async () => {
  const map = await embeddingMap(dataset, { ...subject, maxExamples: 7, layer: 1 });
  expect(map.points.map(({ text }) => text)).toEqual(dataset.texts.filter((_, i) => i % 3 === 0));
  expect(map.figure.altText).toMatch(/^Hidden states after 1 of 3 layers\. 7 of 20 examples/);
});

test("texts and labels are text in the figure, whatever stands in them", () => {
  const points = hostileTexts.map((text, i) => ({ x: i, y: i % 5, text, label: hostileTexts[i % 8] as string }));
  const figure = embeddingMapFigure(points, { layer: 1, depth: 3, varianceRatio: [0.5, 0.2], examples: 200 });
  for (const { name, text } of tracesOf({ figure })) {
    for (const each of [name.replaceAll("<br>", ""), ...text]) expect(each).not.toMatch(/[<>]/);
  }
});

test("what cannot be mapped is refused", async () => {
  await expect(embeddingMap(dataset, { ...subject, layer: 4 })).rejects.toThrow(/layer is 4.*from 0 to 3/);
  await expect(embeddingMap(dataset, { ...subject, maxExamples: 1 })).rejects.toThrow(/maxExamples is 1/);
  await expect(embeddingMap(["a"] as never, subject)).rejects.toThrow(/takes a data set/);
  await expect(embeddingMap(dataset, {} as never)).rejects.toThrow(/needs a loaded model/);
  await expect(embeddingMap(letters(2), subject)).rejects.toMatchObject({ code: "BAD_DATA" });
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(embeddingMap(dataset, { ...subject, signal })).rejects.toThrow("stopped");
});
