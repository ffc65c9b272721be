/**
 * Shows where the time of a training step goes, op by op. Run: `npm run profile -- [--model mini|base|xlnet|...]
 * [--train all|head|2] [--steps 30]`. It prints a table of the ops by their time, one of the products by their shapes, the
 * time of a step, and the largest memory. An op is timed around the call that runs it, so the rest is JavaScript: the tape,
 * and the loop.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Selection, tf } from "../src/index.ts";
import { OpClock, opTable } from "./profile/opClock.ts";
import { trainerFor } from "./profile/workload.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "mini" },
    train: { type: "string", default: "all" },
    steps: { type: "string", default: "30" },
  },
});
const model = values.model;
const train: Selection =
  values.train === "all" || values.train === "head" ? values.train : ["head", { lastLayers: Number(values.train) }];
const warmUp = 5;
const steps = Number(values.steps);

const trainer = await trainerFor({ model, train, steps: steps + warmUp });
const widths = [...trainer.model.parameters.values()].flatMap(({ shape }) => shape);
const clock = new OpClock(tf.backend(), new Set(widths));
const took: number[] = [];
let started = 0;
for await (const event of trainer.events()) {
  if (event.kind !== "step") continue;
  const now = performance.now();
  if (event.step === warmUp) clock.start();
  if (event.step > warmUp) took.push(now - started);
  started = performance.now();
}
clock.stop();
const titles = new Map([
  ["mini", "MiniLM, batch 16 of reviews"],
  ["base", "12 x 768, batch 8 of 128 tokens"],
]);
const title = `${titles.get(model) ?? `${model} of 6 x 384, batch 16 of reviews`}, training ${values.train}`;
console.log(`${title}: ${took.length} steps on ${cpus().length} x ${cpus()[0]?.model?.trim()}\n`);
console.log(opTable(clock.times, took));
console.log(`Largest resident memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
