/** The memory forecast against what is reached: 20 runs in plain processes, and 20 in kernels with their language service. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Stage } from "../../src/plan/stage.ts";
import { progressive } from "../../src/recipes/recipes.ts";
import { Client, printed } from "../kernel/client.ts";
import {
  type Found,
  type MemoryRun,
  megabytes,
  ofFamily,
  ofMiniLM,
  ratioOf,
  trainInProcess,
} from "../train/memory/memoryRuns.ts";

const folder = await mkdtemp(join(tmpdir(), "thaw-memory-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const last2: readonly Stage[] = [{ train: ["head", { lastLayers: 2 }], epochs: 1 }];
const headOnly: readonly Stage[] = [{ train: "head", epochs: 2 }];
const runs: readonly (readonly [string, MemoryRun])[] = [
  ["MiniLM, all, batches of 8", ofMiniLM({ args: { perDeviceTrainBatchSize: 8 } })],
  ["MiniLM, all, batches of 32", ofMiniLM()],
  ["MiniLM, all, batches of 64", ofMiniLM({ texts: 128, args: { perDeviceTrainBatchSize: 64 } })],
  ["MiniLM, all, 16 texts of 400 tokens", ofMiniLM({ texts: 32, words: 400, args: { perDeviceTrainBatchSize: 16 } })],
  ["MiniLM, all, micro-batches of 8", ofMiniLM({ args: { perDeviceTrainBatchSize: 8, gradientAccumulationSteps: 4 } })],
  ["MiniLM, all, gradientCheckpointing", ofMiniLM({ args: { gradientCheckpointing: true } })],
  ["MiniLM, all, bfloat16", ofMiniLM({ args: { precision: "bfloat16" } })],
  ["MiniLM, all, no best model kept", ofMiniLM({ args: { loadBestModelAtEnd: false } })],
  ["MiniLM, head", ofMiniLM({ stages: headOnly })],
  ["MiniLM, head, 600 texts", ofMiniLM({ stages: headOnly, texts: 600 })],
  ["MiniLM, head and last 2 layers", ofMiniLM({ stages: last2 })],
  [
    "MiniLM, head and last 2 layers, batches of 64",
    ofMiniLM({ stages: last2, texts: 128, args: { perDeviceTrainBatchSize: 64 } }),
  ],
  ["MiniLM, head and last 2 layers, frozenDropout", ofMiniLM({ stages: last2, args: { frozenDropout: true } })],
  ["MiniLM, step by step", ofMiniLM({ stages: progressive({ epochs: [1, 1, 1], layers: 2 }) })],
  ["MiniLM, head, rows on the disk", ofMiniLM({ stages: headOnly, args: { cacheMemory: 0 } })],
  ["BERT, all", await ofFamily(folder, "bert")],
  ["DeBERTa-v2, all", await ofFamily(folder, "deberta-v2")],
  ["ModernBERT, all", await ofFamily(folder, "modernbert")],
  ["ALBERT, all", await ofFamily(folder, "albert")],
  ["XLNet, head", await ofFamily(folder, "xlnet", { stages: headOnly })],
];

/** The cells of a notebook, and what its training came to. */
async function trainInKernel({ folder, tokenizerFolder, texts, words, stages, args }: MemoryRun): Promise<Found> {
  const client = await Client.start({ env: { THAW_TYPES: "warn" } });
  try {
    await client.execute(
      `import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";`,
    );
    await client.execute(
      `const rows = (count: number) => TextDataset.fromRows(Array.from({ length: count }, (_, i) => ({
        text: Array.from({ length: ${words} }, (_, j) => String.fromCharCode(97 + ((i * 7 + j * j) % 26))).join(" "),
        label: i % 2 })), { text: "text", label: "label" });
      const model = await AutoModelForSequenceClassification.fromPretrained(${JSON.stringify(folder)}, { numLabels: 2, seed: 0 });
      const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(tokenizerFolder)});`,
    );
    await client.execute(
      `import { readFileSync, writeFileSync } from "node:fs";
      const trainer = new Trainer({ model, tokenizer, trainDataset: rows(${texts}), evalDataset: rows(8),
        stages: ${JSON.stringify(stages)}, args: ${JSON.stringify({ disableTqdm: true, ...args })} });
      writeFileSync("/proc/self/clear_refs", "5");`,
    );
    const cell = client.start(
      `const run = await trainer.train();
      const forecast = Math.max(...run.stages.map(({ plan }) => plan.predictedMemory ?? 0));
      const reached = 1024 * Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
      console.log("FOUND" + JSON.stringify({ forecast, reached, ended: true }));`,
    );
    const text = printed(await client.finish(cell, 240_000));
    return JSON.parse(/FOUND(.*)/.exec(text)?.[1] ?? `{ "message": ${JSON.stringify(text)} }`);
  } finally {
    await client.stop();
  }
}

describe.each([["a plain process", trainInProcess] as const, ["a kernel", trainInKernel] as const])(
  "in %s",
  (where, train) => {
    const ratios: number[] = [];
    test.each(runs)(
      "%s: the forecast is within 15 % and no more than 5 % too low",
      async (name, run) => {
        const found = await train(run);
        expect(found.ended, found.message).toBe(true);
        const ratio = ratioOf(found);
        ratios.push(ratio);
        console.log(
          `${where}: ${name}: forecast ${megabytes(found.forecast)}, reached ${megabytes(found.reached)}, ratio ${ratio.toFixed(3)}`,
        );
        expect(ratio).toBeGreaterThanOrEqual(0.95);
        expect(ratio).toBeLessThanOrEqual(1.15);
      },
      300_000,
    );
    test("all of them", () => {
      console.log(
        `${where}: forecast / reached from ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}, ${ratios.length} runs`,
      );
      expect(ratios).toHaveLength(runs.length);
    });
  },
);
