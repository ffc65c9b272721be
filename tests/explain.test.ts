import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
import { afterEach, describe, expect, test, vi } from "vitest";
import { displaySymbol } from "../shared/mimeBundle.ts";
import { explain } from "../src/explain.ts";
import { AutoModelForSequenceClassification } from "../src/models/autoModel.ts";
import { pipeline } from "../src/pipeline.ts";
import { compareExplanations } from "../src/show/compareExplanations.ts";
import { Explanation } from "../src/show/explanation.ts";
import { goldenPath } from "./golden/read.ts";
import { hostileTexts } from "./kernel/cells/display/hostileTexts.ts";
import { temporaryFolder } from "./temporary.ts";
import { tinyModel, tinyTrainer, tinyTokenizer as tokenizer } from "./train/tiny.ts";

afterEach(() => void vi.restoreAllMocks());

const { DOMParser } = new JSDOM().window;
const bodyOf = (html: string) => new DOMParser().parseFromString(`<body>${html}</body>`, "text/html").body;

const model = await AutoModelForSequenceClassification.fromPretrained(goldenPath("bert-tiny"));
const labels = model.config.id2label;
const few = { model, tokenizer, steps: 20, maxSteps: 20 };
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("a text", () => {
  test("has an attribution for each token; special tokens have none, and the sum is the difference of the logits", async () => {
    const explanation = await explain("the quick brown fox", { model, tokenizer });
    const { inputIds } = tokenizer("the quick brown fox");
    expect(explanation.tokens.map(({ id }) => id)).toEqual(inputIds[0]);
    expect(explanation.tokens.map(({ isSpecial }) => isSpecial)).toEqual(
      inputIds[0]?.map((_, i, { length }) => i === 0 || i === length - 1),
    );
    const [found] = explanation.labels;
    if (found === undefined) throw new Error("nothing is explained");
    expect(found.index).toBe(explanation.logits.indexOf(Math.max(...explanation.logits)));
    expect(found.label).toBe(labels[found.index]);
    expect([found.attributions[0], found.attributions.at(-1)]).toEqual([0, 0]);
    const difference = found.logit - found.baselineLogit;
    expect(found.completenessError).toBeLessThanOrEqual(0.01 * Math.abs(difference));
    expect(sum(explanation.attributions)).toBeCloseTo(difference, 3);
    expect(found.logit).toBeCloseTo(
      model.forward(tokenizer("the quick brown fox")).logits.arraySync()[0]?.[found.index] ?? 0,
      5,
    );
  });

  test("whose baseline it is itself has no attributions", async () => {
    const { attributions, labels: found } = await explain("", few);
    expect(attributions).toEqual(attributions.map(() => 0));
    expect(found[0]?.completenessError).toBe(0);
    expect(found[0]?.logit).toBe(found[0]?.baselineLogit);
  });

  test("pads with the padding token between the special ones, in pairs too", async () => {
    const { tokens, baselineLogits } = await explain("the fox", { ...few, textPair: "a dog" });
    const { inputIds, tokenTypeIds } = tokenizer("the fox", "a dog");
    expect(tokens.map(({ id }) => id)).toEqual(inputIds[0]);
    expect(tokens.filter(({ isSpecial }) => isSpecial).length).toBe(3);
    const padded = tokens.map(({ id, isSpecial }) => (isSpecial ? id : (tokenizer.padTokenId as number)));
    const expected = model.forward({ inputIds: [padded], tokenTypeIds }).logits.arraySync()[0] as number[];
    expect(Math.max(...expected.map((value, i) => Math.abs(value - (baselineLogits[i] as number))))).toBeLessThan(1e-5);
  });

  test("that is too long is truncated, and says so", async () => {
    const { tokens, notices } = await explain("the quick brown fox jumps", { ...few, maxLength: 5 });
    expect(tokens.length).toBe(5);
    expect(notices).toEqual([expect.stringMatching(/^The text was truncated: 5 of its \d+ tokens/)]);
  });
});

describe("the target", () => {
  test("is a name, an index, or several of both, each once", async () => {
    const byName = await explain("the fox", { ...few, target: labels[1] as string });
    const byIndex = await explain("the fox", { ...few, target: 1 });
    expect(byName.labels).toEqual(byIndex.labels);
    const both = await explain("the fox", { ...few, target: [2, labels[1] as string, 1] });
    expect(both.labels.map(({ index }) => index)).toEqual([2, 1]);
    expect(both.labels[1]).toEqual(byName.labels[0]);
  });

  test("is by default every label above one half where an example has several, and the most probable where none is", async () => {
    const several = await tinyModel({}, 4);
    several.decideProblemType("multi_label_classification");
    for (const bias of [0, 100, -100]) {
      several.parameters.get("classifier.bias")?.assign(Float32Array.of(bias, -100, bias, -200));
      const { logits, labels: found } = await explain("a b", { ...few, model: several });
      const above = [0, 1, 2, 3].filter((label) => (logits[label] as number) > 0);
      const highest = logits.indexOf(Math.max(...logits));
      expect(found.map(({ index }) => index)).toEqual(above.length > 0 ? above : [highest]);
      expect(found.length).toBe(bias === 100 ? 2 : bias === -100 ? 1 : above.length || 1);
    }
    several.dispose();
  });

  test("is the first output of a regression", async () => {
    const numbers = await tinyModel();
    numbers.decideProblemType("regression");
    numbers.parameters.get("classifier.bias")?.assign(Float32Array.of(0, 100));
    expect((await explain("a b", { ...few, model: numbers })).labels.map(({ index }) => index)).toEqual([0]);
    numbers.dispose();
  });

  test.each([
    ["neutrl", /"neutrl" is no label of this model/],
    [7, /target 7 is no label/],
    [[], /an empty list/],
  ])("%j is refused", async (target, message) => {
    await expect(explain("a", { ...few, target })).rejects.toThrow(message);
  });
});

test("options that cannot be are refused", async () => {
  await expect(explain("a", { ...few, steps: 0 })).rejects.toThrow(/steps is 0/);
  await expect(explain("a", { ...few, steps: 50, maxSteps: 20 })).rejects.toThrow(/maxSteps is 20.*from steps \(50\)/);
  await expect(explain("a", { ...few, nSteps: 3 } as never)).rejects.toThrow(
    /There is no option of explain "nSteps".*steps/,
  );
  await expect(explain(["a"] as never, few)).rejects.toThrow(/found a list. Call it for each text/);
  await expect(explain("a", { model } as never)).rejects.toThrow(/needs a loaded model and its tokenizer/);
  const without = Object.assign((...args: Parameters<typeof tokenizer>) => tokenizer(...args), tokenizer, {
    padTokenId: undefined,
  });
  await expect(explain("a", { ...few, tokenizer: without as never })).rejects.toMatchObject({ code: "NO_PAD_TOKEN" });
});

test("trainer and pipeline explain with their own model and tokenizer, before and after training", async () => {
  const trainer = await tinyTrainer({ args: { numTrainEpochs: 2, maxLength: 8 } });
  const text = "a b n a";
  const options = { target: 0, steps: 20, maxSteps: 20 };
  const before = await trainer.explain(text, options);
  expect(before.notices).toEqual([expect.stringMatching(/classifier.weight.* are not trained/)]);
  const whether = [...trainer.model.parameters.values()].map(({ requiresGrad }) => requiresGrad);
  await trainer.train();
  const after = await trainer.explain(text, options);
  expect([...trainer.model.parameters.values()].map(({ requiresGrad }) => requiresGrad)).toEqual(whether);
  expect(after.notices).toEqual([]);
  const classify = await pipeline("text-classification", trainer.model, { tokenizer });
  expect(await classify.explain(text, options)).toEqual(after);
  await expect(trainer.explain(text, { textPair: "b" })).rejects.toThrow(/trained on single texts/);

  const { table, toHtml } = compareExplanations([before, after], { names: ["before", "after"] });
  expect(table.columns.map(({ title }) => title)).toEqual(["", "token", "before", "after", "change"]);
  const [, , was, is, change] = (table.rows[1] as string[]).map(Number);
  expect(change).toBeCloseTo((is as number) - (was as number), 2);
  expect(after.labels[0]?.label).toBe("early");
  expect(toHtml()).toMatch(/before: LABEL_0.*after: early/s);
  trainer.model.dispose();
});

test("explanations of other texts, and too few or misnamed ones, are not compared; other labels are told", async () => {
  const [one, other] = [await explain("the fox", { ...few, target: 0 }), await explain("a dog ran", few)];
  expect(() => compareExplanations([one])).toThrow(/two or more explanations/);
  expect(() => compareExplanations([one, other])).toThrow(/tokens of explanation 2 are not those of the first/);
  expect(() => compareExplanations([one, one], { names: ["a"] })).toThrow(/1 names for 2 explanations/);
  const second = await explain("the fox", { ...few, target: 1 });
  expect(String(compareExplanations([one, second]))).toMatch(/The labels differ/);
});

describe("what is shown", () => {
  const tokens = ["[CLS]", "good", " bad", "  ", "", "[SEP]"].map((token, id) => ({
    token,
    id,
    isSpecial: /\[/.test(token),
  }));
  const label = (name: string) => ({
    ...{ label: name, index: 0, logit: 1.5, baselineLogit: 0.5, steps: 50, completenessError: 0.004 },
    attributions: [0, 1.2, -0.3, 0.1, 0.004, 0],
  });
  const explanationOf = (labels: readonly string[], list = tokens) =>
    new Explanation({ tokens: list, labels: labels.map(label), logits: [1.5], baselineLogits: [0.5], notices: [] });

  test("is a table with every token, its attribution with a sign, and the completeness error", () => {
    expect(String(explanationOf(["fine"]))).toBe(
      [
        "Integrated gradients of the logit, token by token",
        "   token     fine",
        "-  -----  -------",
        "1  [CLS]  special",
        "2  good    +1.200",
        "3  bad     -0.300",
        "4  ␣       +0.100",
        "5  #4      +0.004",
        "6  [SEP]  special",
        'The logit of "fine" is 1.500, and 0.5000 with padding in place of the tokens. Completeness error: 4.0e-3 (0.40% of the difference), with 50 steps.',
      ].join("\n"),
    );
  });

  test("has in HTML the sign as colour, line and number, the strength as depth and thickness, and a description", () => {
    const html = explanationOf(["fine"]).toHtml();
    const body = bodyOf(html);
    const looks = [...body.querySelectorAll("bdi")].map((each) => {
      const span = each.closest("span") as HTMLElement;
      const style = span.getAttribute("style") as string;
      return [
        span.textContent,
        /border-bottom: ([^;]*)/.exec(style)?.[1],
        /background-color: ([^;]*)/.exec(style)?.[1],
      ];
    });
    expect(looks).toEqual([
      ["[CLS]", undefined, undefined],
      ["good+1.2", "6px solid #2b8cc4", "rgba(0,114,178,0.45)"],
      ["bad−0.3", "2px dashed #d97706", "rgba(230,120,0,0.11)"],
      ["␣+0.1", "1px solid #2b8cc4", "rgba(0,114,178,0.04)"],
      ["#40.0", "0px solid #2b8cc4", "rgba(0,114,178,0.00)"],
      ["[SEP]", undefined, undefined],
    ]);
    expect(body.querySelector("[role=group]")?.getAttribute("aria-label")).toBe(
      'Tokens for "fine": good +1.20, ␣ +0.10. Against it: bad -0.30.',
    );
    expect(explanationOf(["fine"])[displaySymbol]()["text/plain"]).toBe(String(explanationOf(["fine"])));
  });

  test("is a picture with the same tokens, numbers and signs, and the table as its description", () => {
    const { figure } = explanationOf(["fine", "<b>poor</b>"]);
    const words = figure.data.flatMap(({ text }) => text as string[]);
    expect(words.filter((word) => /^[+−]|^0/.test(word))).toEqual([
      ...["+1.2", "−0.3", "+0.1", "0.0"],
      ...["+1.2", "−0.3", "+0.1", "0.0"],
    ]);
    expect(words).toContain("<b>&lt;b&gt;poor&lt;/b&gt;</b>");
    expect(words.filter((word) => word.startsWith("<i>"))).toEqual([
      "<i>[CLS]</i>",
      "<i>[SEP]</i>",
      "<i>[CLS]</i>",
      "<i>[SEP]</i>",
    ]);
    const lines = (figure.layout.shapes as { type: string; line: object }[]).filter(({ type }) => type === "line");
    expect(lines.slice(0, 3).map(({ line }) => line)).toEqual([
      { color: "#2b8cc4", width: 6, dash: "solid" },
      { color: "#d97706", width: 2, dash: "6px,3px" },
      { color: "#2b8cc4", width: 1, dash: "solid" },
    ]);
    expect(figure.altText).toBe(String(explanationOf(["fine", "<b>poor</b>"])));
    const far = Math.max(...(figure.data.flatMap(({ x }) => x) as number[]));
    expect(far).toBeLessThan(figure.size.width);
  });

  test("wraps in the picture where a line is full, and the picture grows", () => {
    const list = Array.from({ length: 60 }, (_, id) => ({ token: `token ${id}`, id, isSpecial: false }));
    const { figure } = explanationOf(["fine"], list);
    expect(Math.max(...(figure.data.flatMap(({ x }) => x) as number[]))).toBeLessThan(figure.size.width);
    expect(Math.max(...(figure.data.flatMap(({ y }) => y) as number[]))).toBeLessThan(figure.size.height);
    expect(figure.size.height).toBeGreaterThan(explanationOf(["fine"]).figure.size.height + 100);
  });

  test("is saved as a page, as SVG with its description and as PNG", async () => {
    const [folder, explanation] = [temporaryFolder(), explanationOf(["fine"])];
    const comparison = compareExplanations([explanation, explanation], { names: ["a", "b"] });
    await explanation.save(`${folder}/x.html`);
    await comparison.save(`${folder}/y.HTML`);
    await comparison.save(`${folder}/x.svg`);
    await explanation.save(`${folder}/x.png`);
    const read = (name: string) => readFileSync(`${folder}/${name}`);
    expect(String(read("x.html"))).toBe(
      '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Explanation</title><style>:root { color-scheme: ' +
        `light dark; font: 14px/1.5 sans-serif }</style></head><body>${explanation.toHtml()}</body></html>\n`,
    );
    expect(String(read("y.HTML"))).toContain(comparison.toHtml());
    expect(String(read("x.svg"))).toMatch(/<desc>Integrated gradients.*>good<.*>−0\.3</s);
    expect([...read("x.png").subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
    await expect(explanation.save(`${folder}/x.gif`)).rejects.toMatchObject({ code: "BAD_FIGURE_PATH" });
  });

  test("says where the attributions miss too much", () => {
    const rough = { ...label("fine"), completenessError: 0.2 };
    const explanation = new Explanation({ tokens, labels: [rough], logits: [], baselineLogits: [], notices: [] });
    expect(String(explanation)).toMatch(/20.00% of the difference\), with 50 steps: more than 1%/);
  });

  test(`is text and nothing else, with ${hostileTexts.length} hostile tokens and labels`, () => {
    const list = hostileTexts.map((token, id) => ({ token, id, isSpecial: id % 7 === 0 }));
    const [elements, attributes] = [new Set<string>(), new Set<string>()];
    for (const html of [
      explanationOf(["a"], list).toHtml(),
      explanationOf(hostileTexts, list.slice(0, 1)).toHtml(),
      compareExplanations([explanationOf(["a"]), explanationOf(["a"])], {
        names: hostileTexts.slice(0, 2),
      }).toHtml(),
    ]) {
      for (const element of bodyOf(html).querySelectorAll("*")) {
        elements.add(element.tagName);
        for (const { name } of element.attributes) attributes.add(name);
      }
    }
    expect([...elements].sort()).toEqual(["B", "BDI", "BR", "DIV", "I", "SPAN"]);
    expect([...attributes].sort()).toEqual(["aria-label", "role", "style"]);
    const drawn = explanationOf(hostileTexts.slice(0, 9), list).figure.data.flatMap(({ text }) => text as string[]);
    expect(drawn.filter((word) => /[<>]/.test(word.replace(/^<([bi])>(.*)<\/\1>$/s, "$2")))).toEqual([]);
    const body = bodyOf(explanationOf(["a"], list).toHtml());
    const shown = [...body.querySelectorAll("bdi")].map((each) => each.textContent);
    expect(shown).toEqual(hostileTexts.map((text) => text.replace(/\r\n?/g, "\n").replaceAll("\0", "").trim()));
  });
});
