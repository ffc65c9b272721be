import { expect, test } from "vitest";
import { StageClock } from "../../src/trainer/stageClock.ts";

const planned = {
  name: "head",
  trains: "head",
  epochs: 4,
  steps: 20,
  trainableParameters: 10,
  firstEpoch: 3,
  relativeCost: 0.5,
};
const row = (epoch: number, evalAccuracy?: number) => ({
  step: 0,
  epoch,
  stage: 0,
  ...(evalAccuracy === undefined ? {} : { evalAccuracy }),
});

test("before it runs, a stage is what was planned", () => {
  expect(new StageClock(planned).record()).toEqual(planned);
});

test("a stage that ends early has the epochs and steps it did", () => {
  const clock = new StageClock(planned);
  clock.epochDone();
  clock.epochDone();
  expect(clock.record()).toMatchObject({ epochs: 2, steps: 10 });
});

test("the best epoch is the first of the best, and only a better one counts as progress", () => {
  const clock = new StageClock(planned);
  expect([row(4, 0.5), row(5, 0.8), row(6, 0.8), row(7, 0.6)].map((each) => clock.evaluated(each))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(clock.record()).toMatchObject({ bestMetric: 0.8, bestEpoch: 5 });
});

test("an accuracy of 0 is a result too, and an epoch without one is none", () => {
  const clock = new StageClock(planned);
  expect(clock.evaluated(row(4))).toBe(false);
  expect(clock.record()).not.toHaveProperty("bestEpoch");
  expect(clock.evaluated(row(5, 0))).toBe(true);
});

test("the time of a stage is that between start and stop, in seconds", async () => {
  const clock = new StageClock(planned);
  clock.start();
  await new Promise((resolve) => setTimeout(resolve, 60));
  clock.stop();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const { seconds } = clock.record();
  expect(seconds).toBeGreaterThan(0.05);
  expect(clock.record().seconds).toBe(seconds);
});

test("the memory of a stage is told where the process held more in it than ever before, and nowhere else", () => {
  const clock = new StageClock(planned);
  clock.start();
  const held = new Float64Array(2 * Math.ceil(process.resourceUsage().maxRSS * 128)).fill(1); // twice what there was
  clock.stop();
  expect(clock.record().peakMemory).toBeGreaterThan(held.byteLength);
  clock.start();
  clock.stop();
  const later = new StageClock(planned);
  later.start();
  later.stop();
  expect(later.record().peakMemory).toBeUndefined();
});
