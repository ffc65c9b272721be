/** A checkpoint is a model: it opens by `fromPretrained`, in each stage, whole or in shards. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../../src/models/autoModel.ts";
import { AutoTokenizer } from "../../../src/tokenizer/autoTokenizer.ts";
import type { TrainerEvent } from "../../../src/train/events.ts";
import { weightsOf } from "../tiny.ts";
import { fastFolder, threeStages, totalSteps } from "./threeStages.ts";

test("each checkpoint of a run opens with the weights, logits, labels and tokens that the run had at its step", async () => {
  const folder = fastFolder();
  const texts = ["a b c", "x y z n", "a z"];
  const seen = new Map<number, { readonly weights: Map<string, Float32Array>; readonly logits: number[][] }>();
  const trainer = await threeStages(folder, {
    callbacks: [
      (event: TrainerEvent) => {
        if (event.kind !== "save") return;
        const { logits } = trainer.model.forward(trainer.tokenizer(texts, { padding: true }));
        seen.set(event.step, { weights: weightsOf(trainer), logits: logits.arraySync() as number[][] });
        logits.dispose();
      },
    ],
  });
  await trainer.train();
  expect([...seen.keys()]).toEqual([2, 4, 6, 8, 10, 12, 14].filter((step) => step <= totalSteps));
  const shards = new Set<number>();
  for (const [step, { weights, logits }] of seen) {
    const checkpoint = join(folder, `checkpoint-${step}`);
    const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint);
    expect([model.newlyInitialized, model.unused]).toEqual([[], []]);
    expect(model.config.id2label).toEqual(["early", "late"]);
    expect(new Map([...model.parameters].map(([name, parameter]) => [name, parameter.data()]))).toEqual(weights);
    const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
    const now = model.forward(tokenizer(texts, { padding: true })).logits;
    expect(now.arraySync()).toEqual(logits);
    now.dispose();
    model.dispose();
    shards.add(readdirSync(checkpoint).filter((name) => /^model.*\.safetensors$/.test(name)).length);
  }
  expect([...shards].sort()).toEqual([1, 2, 3]);
});
