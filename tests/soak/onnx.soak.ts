/** MiniLM trained here, asked about 1,000 reviews in Python and, exported, in Node and in Chromium: the same labels and logits. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { exportOnnx } from "../../src/exportOnnx.ts";
import { sampleData } from "../../src/hub/thawFolder.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { lastLayers } from "../../src/recipes/recipes.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { Trainer } from "../../src/trainer.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { chromium } from "../models/onnx/chromium.ts";
import { type Classified, classifyInChromium, classifyInNode } from "../models/onnx/pipelines.ts";

const name = "sentence-transformers/all-MiniLM-L6-v2";

test("1,000 reviews have Thaw's labels and logits in Python, Node and Chromium, and 98 % of the labels in eight bits", async () => {
  const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
    columns: ["id", "rating", "text"],
    quote: false,
    labels: ["negative", "positive"],
    label: ({ rating }) => (Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative"),
  });
  const { train, validation, test: held } = reviews.split({ train: 1000, validation: 200, test: 1000, seed: 0 });
  const tokenizer = await AutoTokenizer.fromPretrained(name);
  const model = await AutoModelForSequenceClassification.fromPretrained(name, {
    id2label: reviews.labelNames,
    seed: 0,
  });
  const args = { seed: 0, disableTqdm: true };
  const trainer = new Trainer({
    model,
    tokenizer,
    trainDataset: train,
    evalDataset: validation,
    stages: lastLayers(2),
    args,
  });
  await trainer.train();
  const root = mkdtempSync(join(tmpdir(), "thaw-onnx-"));
  const folder = join(root, "reviews");
  await exportOnnx(folder, { model, tokenizer, quantize: "int8" });
  const texts = [...held.texts];
  const own = await trainer.predict(texts);

  const say = (where: string, labels: readonly (string | undefined)[], logits: Classified["logits"]) => {
    const same = own.filter(({ label }, i) => label === labels[i]).length;
    const worst = Math.max(
      ...own.flatMap((one, i) => one.logits.map((value, j) => Math.abs(value - (logits[i]?.[j] as number)))),
    );
    console.log(`${where}: ${same} of ${own.length} labels agree, logits within ${worst.toExponential(1)}`);
    return { same, worst };
  };
  const saved = join(root, "saved");
  await trainer.saveModel(saved);
  const inPython = openInPython(saved, texts);
  expect([inPython.missing, inPython.unexpected, inPython.mismatched]).toEqual([[], [], []]);
  const python = say(
    "Python",
    inPython.logits.map(({ 0: no = 0, 1: yes = 0 }) => inPython.id2label[yes > no ? 1 : 0]),
    inPython.logits,
  );
  expect(python.same).toBe(texts.length);
  expect(python.worst).toBeLessThanOrEqual(1e-4);

  for (const quantized of [false, true]) {
    const file = quantized ? "model_quantized.onnx" : "model.onnx";
    console.log(`${file}: ${(statSync(join(folder, "onnx", file)).size / 1e6).toFixed(1)} MB`);
    const options = { quantized, batchSize: 25 };
    const inNode = await classifyInNode(folder, texts, 2, options);
    const found = [say(`Node, ${file}`, labelsOf(inNode), inNode.logits)];
    if (chromium === undefined) console.log("There is no Chromium on the PATH: not run in a browser.");
    else {
      const inPage = await classifyInChromium(folder, texts, 2, options, 1_200_000);
      found.push(say(`Chromium, ${file}`, labelsOf(inPage), inPage.logits));
    }
    for (const { same, worst } of found) {
      expect(same).toBeGreaterThanOrEqual((quantized ? 0.98 : 1) * texts.length);
      if (!quantized) expect(worst).toBeLessThanOrEqual(1e-3);
    }
  }
  rmSync(root, { recursive: true });
});

const labelsOf = ({ answers }: Classified) => answers.map(([first]) => first?.label);

interface InPython {
  readonly id2label: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly mismatched: readonly string[];
  readonly logits: readonly (readonly number[])[];
}

function openInPython(folder: string, texts: readonly string[]): InPython {
  const program = goldenPath("check_saved_model.py");
  const options = { input: JSON.stringify(texts), encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  return JSON.parse(execFileSync(pythonOfGoldens(), [program, folder], options)) as InPython;
}
