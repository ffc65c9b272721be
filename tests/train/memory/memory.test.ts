/** The end of memory in real processes under a real limit, and what was forecast of memory against what is reached. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { nativeOps } from "../../../src/tensor/native.ts";
import { type Found, megabytes, ofMiniLM, ratioOf, trainInProcess } from "./memoryRuns.ts";

/** Limits are set with a program of Linux; TensorFlow's memory is counted by an op of native/. */
const here = nativeOps && process.platform === "linux" && existsSync("/usr/bin/prlimit");

const expectOutOfMemory = (found: Found, said: RegExp) => {
  expect(found.died).toBeUndefined();
  expect(found).toMatchObject({ code: "OUT_OF_MEMORY", unchanged: true });
  expect(found.message).toMatch(said);
};

test.runIf(here).each([
  ["everything", ofMiniLM()],
  ["the head on remembered rows", ofMiniLM({ stages: [{ train: "head", epochs: 1 }], texts: 128 })],
])(
  "%s: the forecast is of the size of what is reached, and no more than 5 % too low",
  async (name, run) => {
    const found = await trainInProcess(run);
    expect(found.ended, found.message).toBe(true);
    console.log(
      `${name}: forecast ${megabytes(found.forecast)}, reached ${megabytes(found.reached)}, ratio ${ratioOf(found).toFixed(3)}`,
    );
    expect(ratioOf(found)).toBeGreaterThanOrEqual(0.95);
    expect(ratioOf(found)).toBeLessThanOrEqual(1.15);
  },
  120_000,
);

test.runIf(here)(
  "a plan that does not fit is refused before its first step, and does what the message advises",
  async () => {
    const found = await trainInProcess(ofMiniLM({ hashed: true }), "--data=1350000000");
    expectOutOfMemory(
      found,
      /^Stage 0 \(everything\) is predicted to need .*, but only .* more can be had of the 1\.35 GB that "ulimit -d" allows, .*What would fit: /,
    );
    expect(found.steps).toBe(0);
    expect(found.advised, found.advised?.message).toMatchObject({ ended: true, steps: 2 });
  },
  180_000,
);

test.runIf(here)(
  "a run that was told to go on all the same ends in an error in the middle of a step, with the weights of the step before",
  async () => {
    const args = { perDeviceTrainBatchSize: 32, maxMemory: "64 GB" };
    const found = await trainInProcess(ofMiniLM({ hashed: true, args }), "--data=800000000");
    expectOutOfMemory(found, /^There is not enough memory: .* The weights are those of the step before\. /);
    expect(found.forecast).toBeGreaterThan(8e8);
  },
  180_000,
);

test.runIf(here)(
  "a model that does not fit is an error of its loading, not the end of the process",
  async () => {
    const [data, addresses] = await Promise.all([
      trainInProcess(ofMiniLM(), "--data=350000000"),
      trainInProcess(ofMiniLM(), "--as=2200000000"),
    ]);
    expect(data).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringContaining('"ulimit -d"') });
    expect(addresses).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringContaining('"ulimit -v"') });
  },
  180_000,
);
