/** Labels, texts and names that would be scripts, in every display of a training, in JupyterLab in a browser: none is run. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostileTexts } from "../kernel/cells/display/hostileTexts.ts";
import { Lab, whyNoLab } from "./tools/lab.ts";

const missing = whyNoLab();
if (missing !== undefined) console.warn(`JupyterLab in a browser is not tested: ${missing}.`);

/** Texts that can be names of labels: with a letter in them, each once as a data set compares them. */
const texts = [
  ...new Map(
    hostileTexts.map((text) => [
      text
        .toLowerCase()
        .replace(/[\s_-]+/g, " ")
        .trim(),
      text,
    ]),
  ).values(),
].filter((text) => text.trim() === text && text !== "");

const cells = [
  `import { AutoModelForSequenceClassification, AutoTokenizer, compareExplanations, explain, suspectedLabels, TextDataset, Trainer } from "thaw";
const texts: string[] = ${JSON.stringify(texts)};
const data = TextDataset.fromRows([...texts, ...texts].map((text, i) => ({ text: text + " " + i, label: text })), { name: texts[0], labels: texts });
const name = "sentence-transformers/all-MiniLM-L6-v2";
const tokenizer = await AutoTokenizer.fromPretrained(name);
const model = await AutoModelForSequenceClassification.fromPretrained(name, { id2label: texts, seed: 0 });
const stages = texts.slice(0, 3).map((name) => ({ name, train: "head", epochs: 1 }));
const trainer = new Trainer({ model, tokenizer, trainDataset: data, evalDataset: data, stages, args: { perDeviceTrainBatchSize: 64, maxLength: 32 } });
trainer.plan()`,
  "const run = await trainer.train();",
  "run",
  "run.report()",
  "const result = await trainer.evaluate();\nresult",
  "result.mostConfidentErrors(400)",
  "result.by(({ text }) => text)",
  "result.reliability",
  "const options = { model, tokenizer, target: texts[1], steps: 5, maxSteps: 5 };\nconst one = await explain(texts.slice(0, 12).join(' '), options);\none",
  "compareExplanations([one, one], { names: [texts[2], texts[3]] })",
  "await trainer.embeddingMap(data)",
  "await suspectedLabels(data, { model, tokenizer, folds: 2, maxLength: 32 })",
];

/** Counts elements of the outputs that could run something. */
const dangers = (lab: Lab): Promise<string[]> =>
  lab.page.evaluate(() =>
    [...document.querySelectorAll(".jp-OutputArea-output *")].flatMap((element) => {
      const attributes = element
        .getAttributeNames()
        .filter((name) => /^on/i.test(name) || /^\s*(javascript|vbscript):/i.test(element.getAttribute(name) ?? ""));
      const isElement = /^(script|iframe|object|embed|base|link|meta|form|portal)$/i.test(element.localName);
      return isElement || attributes.length > 0 ? [element.outerHTML.slice(0, 200)] : [];
    }),
  );

test.skipIf(missing !== undefined)(
  "every display of a training with such names, trusted and untrusted: no script is run",
  async () => {
    await using lab = await Lab.start();
    const dialogs: string[] = [];
    lab.page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    lab.write("hostile.ipynb", cells);
    await lab.open("hostile.ipynb");
    for (const index of cells.keys()) {
      await lab.runToEnd(index, 300_000);
      const errors = lab.output(index).locator('[data-mime-type="application/vnd.jupyter.error"]');
      expect(await errors.allInnerTexts(), cells[index]).toEqual([]);
    }
    expect(await dangers(lab)).toEqual([]);
    await lab.command("docmanager:save");
    await lab.page.waitForTimeout(2000);
    const saved = readFileSync(join(lab.folder, "hostile.ipynb"), "utf8");
    expect(saved).toContain("text/html");
    // a changed notebook has no signature: it is not trusted
    const notebook = JSON.parse(saved) as {
      cells: { outputs: { data?: Record<string, unknown> }[] }[];
      metadata: object;
    };
    notebook.metadata = { ...notebook.metadata, changed: 1 };
    writeFileSync(join(lab.folder, "untrusted.ipynb"), JSON.stringify(notebook));
    await lab.open("untrusted.ipynb");
    await lab.page.waitForTimeout(3000);
    expect(await dangers(lab)).toEqual([]);
    expect(await lab.page.locator(".jp-OutputArea-output").count()).toBeGreaterThanOrEqual(cells.length);
    await lab.screenshot("hostile-untrusted");
    expect(dialogs).toEqual([]);
    console.log(
      `${texts.length} strings in ${cells.length} displays, trusted and untrusted: ${dialogs.length} scripts run`,
    );
  },
);
