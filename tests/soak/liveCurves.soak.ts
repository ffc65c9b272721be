/** The cell that trains, as a person sees it: real trainings in JupyterLab in a browser, and what their display costs. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Lab, type Theme, whyNoLab } from "./tools/lab.ts";

const missing = whyNoLab();
if (missing !== undefined) console.warn(`JupyterLab in a browser is not tested: ${missing}.`);

const thaw = fileURLToPath(new URL("../../dist/cli/thaw.js", import.meta.url));

/** Cells that load data and model, and those that train. */
const prepare = `import { AutoModelForSequenceClassification, AutoTokenizer, progressive, sampleData, TextDataset, Trainer } from "thaw";
const reviews = await TextDataset.fromTsv(sampleData("movie-reviews"), {
  columns: ["id", "rating", "text"], quote: false, labels: ["negative", "positive"],
  label: ({ rating }) => (Math.abs(Number(rating)) <= 0.5 ? undefined : Number(rating) > 0 ? "positive" : "negative"),
});
const { train, validation } = reviews.split({ train: 400, validation: 120, seed: 0 });
const name = "sentence-transformers/all-MiniLM-L6-v2";
const tokenizer = await AutoTokenizer.fromPretrained(name);
const load = () => AutoModelForSequenceClassification.fromPretrained(name, { id2label: reviews.labelNames, seed: 0 });
const trainerOf = async (args = {}) => new Trainer({
  model: await load(), tokenizer, trainDataset: train, evalDataset: validation, stages: progressive(),
  args: { perDeviceTrainBatchSize: 16, seed: 0, ...args },
});`;
const trains = "const run = await (await trainerOf()).train();";
const figure = "run";
/** Trains with the display and without in turns, so that a slow minute of the machine touches both. */
const costs = `const seconds: { shown: number[]; hidden: number[] } = { shown: [], hidden: [] };
const stages = [{ train: ["head", { lastLayers: 2 }], epochs: 3 }];
for (let round = 0; round < 6; round++) {
  for (const kind of round % 2 === 0 ? (["shown", "hidden"] as const) : (["hidden", "shown"] as const)) {
    const trainer = new Trainer({
      model: await load(), tokenizer, trainDataset: train, evalDataset: validation, stages,
      args: { perDeviceTrainBatchSize: 16, seed: 0, disableTqdm: kind === "hidden" },
    });
    const started = performance.now();
    await trainer.train();
    seconds[kind].push((performance.now() - started) / 1000);
  }
}
console.log("COST " + JSON.stringify(seconds));`;

/** What the page saw while the cell trained. */
interface Watch {
  shifts: number;
  readonly heights: number[];
  readonly pictures: string[];
}
declare const thawWatch: Watch; // of the page

/** Begins to watch the output of a cell: shifts of the page, its height, and its first picture, ten times a second. */
async function watch(lab: Lab, index: number): Promise<void> {
  await lab.page.evaluate((i) => {
    const seen: Watch = { shifts: 0, heights: [], pictures: [] };
    Object.assign(globalThis, { thawWatch: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number }[]) seen.shifts += entry.value;
    }).observe({ type: "layout-shift" });
    setInterval(() => {
      const cell = document.querySelectorAll<HTMLElement>(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")[i];
      const picture = cell?.querySelector<HTMLElement>(".jp-OutputArea svg[role=img]");
      if (!picture || cell === undefined) return;
      seen.heights.push(cell.offsetHeight);
      if (seen.pictures.at(-1) !== picture.outerHTML) seen.pictures.push(picture.outerHTML);
    }, 100);
  }, index);
}

const seen = (lab: Lab): Promise<Watch> => lab.page.evaluate(() => thawWatch);

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

interface Executed {
  readonly cells: readonly { readonly outputs: readonly { readonly text?: readonly string[] }[] }[];
}

/** Prints the time of the runs with the display beside that of those without. */
function sayCost(where: string, printed: string): void {
  const { shown, hidden } = JSON.parse(/COST (.*)/.exec(printed)?.[1] ?? "{}") as Record<"shown" | "hidden", number[]>;
  expect([shown.length, hidden.length]).toEqual([6, 6]);
  const [a, b] = [median(shown), median(hidden)];
  console.log(
    `${where}: with the display ${a.toFixed(2)} s, without it ${b.toFixed(2)} s, ratio ${(a / b).toFixed(3)}`,
  );
}

describe.skipIf(missing !== undefined)("live curves in JupyterLab", () => {
  test.each<[Theme, number]>([
    ["light", 1366],
    ["dark", 1366],
    ["light", 800],
    ["dark", 800],
  ])("%s, %i pixels wide: curves move, nothing else does; Stop ends the run and keeps them", async (theme, width) => {
    await using lab = await Lab.start({ theme, viewport: { width, height: 900 } });
    lab.write("train.ipynb", [prepare, trains, figure]);
    await lab.open("train.ipynb");
    await lab.runToEnd(0);
    await lab.run(1);
    await lab.output(1).locator("svg[role=img]").first().waitFor();
    await lab.page.waitForTimeout(1500); // the page has scrolled to the cell
    await watch(lab, 1);
    const early = await lab.screenshot(`live-curves-${theme}-${width}-early`);
    await lab.page.waitForTimeout(14_000);
    const { shifts, heights, pictures } = await seen(lab);
    const late = await lab.screenshot(`live-curves-${theme}-${width}`);
    await lab.stop();
    await lab.ended(1, 30_000);
    const after = await lab.output(1).innerText();
    const stopped = await lab.screenshot(`live-curves-${theme}-${width}-stopped`);
    const narrowest = await lab
      .output(1)
      .locator("svg[role=img]")
      .evaluateAll((all) => Math.min(...all.map((svg) => svg.getBoundingClientRect().width)));
    console.log(
      `${theme}, ${width} px: ${pictures.length} pictures in ${heights.length / 10} s, heights ${[...new Set(heights)].join(", ")} px, ` +
        `cumulative layout shift ${shifts}, narrowest panel ${Math.round(narrowest)} px; ${[early, late, stopped].length} screenshots`,
    );
    expect(pictures.length).toBeGreaterThan(10);
    expect(pictures.length).toBeLessThanOrEqual(5.5 * (heights.length / 10));
    expect(new Set(heights).size).toBe(1);
    expect(shifts).toBe(0);
    expect(after).toContain("stopped");
    expect(await lab.output(1).locator("svg[role=img]").count()).toBe(3);
    expect(lab.errors).toEqual([]);
  });

  test("what the display costs, with a browser on the same machine and without", async () => {
    await using lab = await Lab.start();
    lab.write("cost.ipynb", [prepare, costs]);
    execFileSync(process.execPath, [thaw, "run", "cost.ipynb", "--inplace"], { cwd: lab.folder, stdio: "ignore" });
    const { cells } = JSON.parse(readFileSync(join(lab.folder, "cost.ipynb"), "utf8")) as Executed;
    const printed = cells[1]?.outputs.flatMap(({ text = [] }) => text).join("") ?? "";
    sayCost("without a browser", printed);
    lab.write("cost.ipynb", [prepare, costs]);
    await lab.open("cost.ipynb");
    await lab.runToEnd(0);
    sayCost("with JupyterLab in a browser on the same cores", await lab.runToEnd(1, 900_000));
  });
});
