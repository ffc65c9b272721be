/** Alarms where people see them: live view, report, figure and comparison, as text and as HTML in light and dark pages. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { alarmHtml, alarmLine } from "../../src/show/alarmLines.ts";
import { compareRuns } from "../../src/show/compareRuns.ts";
import { LiveView } from "../../src/show/liveView.ts";
import { runReport } from "../../src/show/report.ts";
import { trainingFigure } from "../../src/show/trainingFigure.ts";
import type { Alarm } from "../../src/train/alarms.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { chromium, resultOfPage } from "../models/onnx/chromium.ts";
import { classifierRun, progressiveRun } from "./sampleRun.ts";

const hostile = '<img src=x onerror="document.title=1">"&\'';
const overfitting: Alarm = {
  code: "OVERFITTING",
  ...{ stage: 2, epoch: 9, step: 1125 },
  sentence: "The validation loss turned after epoch 8. Give this stage 2 epochs.",
  values: { turnedAfter: 8 },
};
const hidden: Alarm = {
  code: "NEVER_PREDICTED",
  sentence: `The model gave none of the 500 examples the label "${hostile}" (12 have it): recall 0.`,
  values: { examples: 12 },
};
const alarms = [overfitting, hidden];

/** What the live view shows after all epochs of the sample run, with the alarms as they came. */
function live(): { html: string; text: string } {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  const stages = progressiveRun.stages.map(({ plan }) => plan);
  view.show({ kind: "begin", stages, totalSteps: 1250, totalEpochs: 10, metric: progressiveRun.metric });
  view.show({ kind: "alarm", alarm: hidden });
  for (const row of progressiveRun.history) {
    view.show({ kind: "epoch", row });
    if (row.epoch === 9) view.show({ kind: "alarm", alarm: overfitting });
  }
  const { data } = shown.at(-1) ?? { data: {} };
  return { html: String(data["text/html"]), text: String(data["text/plain"]) };
}

test("the live view has an alarm's code in the row of its epoch, and its sentence below", () => {
  const { html, text } = live();
  const lines = text.split("\n");
  expect(lines.find((line) => /^\W*Epoch/.test(line))).toMatch(/ {2}Alarm$/);
  expect(lines.filter((line) => /^\W*\d+ .*OVERFITTING$/.test(line))).toEqual([expect.stringMatching(/^\W*9 /)]);
  expect(lines).toContain(alarmLine(overfitting));
  expect(alarmLine(overfitting)).toBe(
    "Alarm OVERFITTING (stage 3, epoch 9): The validation loss turned after epoch 8. Give this stage 2 epochs.",
  );
  expect(alarmLine(hidden)).toMatch(/^Alarm NEVER_PREDICTED: The model gave none/);
  expect(html).toContain("<b>Alarm OVERFITTING (stage 3, epoch 9)</b>: The validation loss");
});

test("the report has the alarms above its sentences, and a report of an older record has none", () => {
  const report = runReport({ ...progressiveRun, alarms });
  expect(report.alarms).toEqual(alarms);
  const text = String(report);
  expect(text.indexOf("Alarm OVERFITTING")).toBeGreaterThan(text.indexOf("everything"));
  expect(text.indexOf("Alarm OVERFITTING")).toBeLessThan(text.indexOf("Trained 22,713,986"));
  const old = { ...progressiveRun };
  delete (old as { alarms?: unknown }).alarms;
  expect(runReport(old).alarms).toEqual([]);
});

test("the figure names the alarms with their epochs under its title", () => {
  expect(JSON.stringify(trainingFigure({ ...progressiveRun, alarms }).layout.title)).toContain(
    "alarms: OVERFITTING (epoch 9), NEVER_PREDICTED",
  );
  expect(JSON.stringify(trainingFigure(progressiveRun).layout.title)).not.toContain("alarm");
});

describe("a comparison", () => {
  /** A run that ended with this validation accuracy. */
  const worth = (evalAccuracy: number): RunRecord => ({
    ...classifierRun,
    history: classifierRun.history.map((row) => ({ ...row, evalAccuracy })),
  });
  const compared = (a: number[], b: number[], tests: [number, number] | undefined = undefined) =>
    compareRuns(
      { "last layers": a.map(worth), progressive: b.map(worth) },
      tests === undefined
        ? {}
        : {
            test: {
              "last layers": a.map((_, i) => ({ evalAccuracy: tests[0] + i / 1000 })),
              progressive: b.map((_, i) => ({ evalAccuracy: tests[1] + i / 1000 })),
            },
          },
    );

  test("of seeds that disagree more than the strategies says so with the numbers, and how many seeds would do", () => {
    const comparison = compared([0.8, 0.82, 0.84], [0.81, 0.83, 0.85]);
    expect(comparison.alarms).toHaveLength(1);
    expect(comparison.alarms[0]).toMatchObject({ code: "SEED_NOISE", values: { strategies: 2, runs: 6 } });
    expect(comparison.alarms[0]?.sentence).toBe(
      "Seeds disagree too much to tell the strategies apart: within a strategy the validation accuracy differs by 2.0% " +
        "(standard deviation), between strategies by 1.0% at most, and chance alone gives such differences in 57% of comparisons " +
        "(analysis of variance). Run about 63 seeds of each, or evaluate on more examples.",
    );
    expect(String(comparison)).toContain("\nAlarm SEED_NOISE: Seeds disagree");
    expect(compared([0.8, 0.84], [0.8, 0.84]).alarms[0]?.sentence).toMatch(/More than 100 seeds .*: take the cheapest/);
  });

  test("of strategies that differ, of single runs, and of seeds that agree has none", () => {
    expect(compared([0.8, 0.81, 0.82], [0.85, 0.86, 0.87]).alarms).toEqual([]);
    expect(compared([0.8], [0.9]).alarms).toEqual([]);
    expect(compared([0.8, 0.8], [0.8, 0.8]).alarms).toEqual([]);
    expect(compared([0.8, 0.82, 0.84], [0.81, 0.83, 0.85], [0.7, 0.9]).alarms).toEqual([]); // the test values tell
  });
});

/** A page of this ground and ink, as JupyterLab's themes and VS Code's have them, that measures what it shows. */
function pageOf(html: string, { ground, ink, variables }: { ground: string; ink: string; variables: string }): string {
  return `<!doctype html><meta charset="utf-8"><title>quiet</title>
<style>:root { ${variables} } body { background: ${ground}; color: ${ink}; font: 14px sans-serif }</style>
<body>${html}<script>
addEventListener("load", () => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (css) => { const [r, g, b] = css.match(/[\\d.]+/g).map(Number).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const ground = getComputedStyle(document.body).backgroundColor;
  const alarms = [...document.querySelectorAll("[role=alert]")].map((element) => {
    const style = getComputedStyle(element);
    return {
      text: element.textContent, word: element.querySelector("b").textContent, isWithin: element.scrollWidth <= element.clientWidth,
      ink: contrast(style.color, ground), bar: contrast(style.borderLeftColor, ground), width: style.borderLeftWidth,
    };
  });
  setTimeout(() => fetch("/result", { method: "POST", body: JSON.stringify({ alarms, title: document.title, images: document.images.length }) }), 200);
});
</script>`;
}

interface Measured {
  readonly alarms: readonly {
    text: string;
    word: string;
    isWithin: boolean;
    ink: number;
    bar: number;
    width: string;
  }[];
  readonly title: string;
  readonly images: number;
}

const themes = {
  "JupyterLab, light": { ground: "#fff", ink: "#000", variables: "--jp-content-font-color1: rgba(0, 0, 0, 1)" },
  "JupyterLab, dark": { ground: "#111", ink: "#fff", variables: "--jp-content-font-color1: rgba(255, 255, 255, 1)" },
  "VS Code, dark": { ground: "#1e1e1e", ink: "#cccccc", variables: "" },
  "a page without a theme": { ground: "#fff", ink: "#222", variables: "" },
};

test.runIf(chromium !== undefined).each(Object.entries(themes))(
  "in Chromium, %s: a word and a colour that can be seen, and nothing of a label is run",
  async (_, theme) => {
    const report = runReport({ ...progressiveRun, alarms })[displaySymbol]()["text/html"];
    const html = pageOf(`${live().html}<hr>${report}`, theme);
    const { alarms: shown, title, images } = (await resultOfPage({ folders: {}, page: { html } })) as Measured;
    expect([title, images]).toEqual(["quiet", 0]);
    expect(shown).toHaveLength(4);
    for (const { text, word, isWithin, ink, bar, width } of shown) {
      expect(word).toMatch(/^Alarm [A-Z_]+/);
      expect(isWithin).toBe(true);
      expect(ink).toBeGreaterThan(7); // WCAG 2.2, 1.4.6
      expect(bar).toBeGreaterThan(3); // 1.4.11
      expect(width).toBe("4px");
      if (word.includes("NEVER_PREDICTED")) expect(text).toContain(hostile);
    }
  },
);

test("every alarm stands in docs/alarms.md, and no other; the line against leakage is that of the tests", () => {
  const guide = readFileSync(new URL("../../docs/alarms.md", import.meta.url), "utf8");
  const source = readFileSync(new URL("../../src/train/alarms.ts", import.meta.url), "utf8");
  const codes = [...(source.split("AlarmCode =")[1]?.split(";")[0] ?? "").matchAll(/"([A-Z_]+)"/g)].map(
    ([, code]) => code,
  );
  expect(codes.length).toBe(9);
  expect([...guide.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code).sort()).toEqual(codes);
  const tested = readFileSync(new URL("../train/alarms.test.ts", import.meta.url), "utf8");
  expect(guide).toContain('text.normalize("NFKC").toLowerCase().replace(/\\s+/g, " ").trim()');
  expect(tested).toContain('text.normalize("NFKC").toLowerCase().replace(/\\s+/g, " ").trim()');
  expect(alarmHtml(hidden)).not.toContain("<img");
});
