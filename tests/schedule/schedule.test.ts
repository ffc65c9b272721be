import { expect, test } from "vitest";
import { plateauFactor } from "../../src/schedule/plateau.ts";
import {
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getCosineWithHardRestartsScheduleWithWarmup,
  getInverseSqrtSchedule,
  getLinearScheduleWithWarmup,
  getPolynomialDecayScheduleWithWarmup,
  getWsdSchedule,
  type Schedule,
} from "../../src/schedule/schedule.ts";
import { getOneCycleSchedule, getSlantedTriangularSchedule } from "../../src/schedule/triangles.ts";
import { golden } from "../golden/read.ts";

type PythonValue = number | string | boolean | readonly number[];
interface Golden {
  readonly rate: number;
  readonly cases: readonly ({ readonly schedule: string; readonly factors: readonly number[] } & Record<
    string,
    PythonValue
  >)[];
  readonly plateaus: readonly ({
    readonly mode: "min" | "max";
    readonly rate: number;
    readonly values: readonly number[];
    readonly factors: readonly number[];
  } & Record<string, PythonValue>)[];
}
const { rate, cases, plateaus } = golden<Golden>("schedule.json");

/** The public functions by the names that the golden has, which are Hugging Face's without `get_`. */
// biome-ignore lint/suspicious/noExplicitAny: each function has options of its own, and the golden names them
const makers: Readonly<Record<string, (options: any) => Schedule>> = {
  constant_schedule: getConstantSchedule,
  constant_schedule_with_warmup: getConstantScheduleWithWarmup,
  linear_schedule_with_warmup: getLinearScheduleWithWarmup,
  cosine_schedule_with_warmup: getCosineScheduleWithWarmup,
  cosine_with_hard_restarts_schedule_with_warmup: getCosineWithHardRestartsScheduleWithWarmup,
  polynomial_decay_schedule_with_warmup: getPolynomialDecayScheduleWithWarmup,
  inverse_sqrt_schedule: getInverseSqrtSchedule,
  wsd_schedule: getWsdSchedule,
  one_cycle: getOneCycleSchedule,
  slanted_triangular: getSlantedTriangularSchedule,
};

const camelCased = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const optionsOf = (golden: object): Record<string, PythonValue> =>
  Object.fromEntries(Object.entries(golden).map(([name, value]) => [camelCased(name), value]));

test.each(Object.keys(makers))("%s equals PyTorch's, transformers' or the paper's at every step", (name) => {
  const mine = cases.filter(({ schedule }) => schedule === name);
  let [largest, compared] = [0, 0];
  for (const { factors, ...options } of mine) {
    const schedule = (makers[name] as (typeof makers)[string])({ ...optionsOf(options), learningRate: rate });
    factors.forEach((factor, step) => {
      largest = Math.max(largest, Math.abs(schedule(step) - factor));
      expect(Math.abs(schedule(step) - factor), `${JSON.stringify(options)} at step ${step}`).toBeLessThanOrEqual(
        1e-12,
      );
      compared += 1;
    });
  }
  console.log(`${name}: ${mine.length} configurations, ${compared} steps, largest difference ${largest}`);
  expect(mine.length).toBeGreaterThan(0);
});

test("reduce_lr_on_plateau equals PyTorch's after every value, from the values alone", () => {
  let [largest, reductions] = [0, 0];
  for (const { values, factors, mode, rate: learningRate, ...options } of plateaus) {
    factors.forEach((factor, seen) => {
      const own = plateauFactor(values.slice(0, seen), {
        ...optionsOf(options),
        greaterIsBetter: mode === "max",
        learningRate,
      });
      largest = Math.max(largest, Math.abs(own - factor));
      expect(Math.abs(own - factor), `${mode} ${JSON.stringify(options)} after ${seen}`).toBeLessThanOrEqual(1e-12);
      if (seen > 0 && factor < (factors[seen - 1] as number)) reductions += 1;
    });
  }
  console.log(`plateaus: ${plateaus.length} cases, ${reductions} reductions, largest difference ${largest}`);
  expect(reductions).toBeGreaterThan(50);
});

test.each([
  [-1, 10],
  [11, 10],
  [1.5, 10],
])("warm-up %d of %d steps is refused", (numWarmupSteps, numTrainingSteps) => {
  expect(() => getLinearScheduleWithWarmup({ numWarmupSteps, numTrainingSteps })).toThrow(/fewer warm-up steps/);
});

const length = { numWarmupSteps: 2, numTrainingSteps: 10 };
test.each<[string, () => Schedule, RegExp]>([
  [
    "a polynomial that would end at its peak",
    () => getPolynomialDecayScheduleWithWarmup({ ...length, learningRate: 1e-5, lrEnd: 1e-5 }),
    /lrEnd 0.00001, which must be 0 or more and below the peak learning rate 0.00001/,
  ],
  [
    "a polynomial that would end below 0",
    () => getPolynomialDecayScheduleWithWarmup({ ...length, learningRate: 1e-5, lrEnd: -1e-9 }),
    /must be 0 or more/,
  ],
  ["one cycle of half a step", () => getOneCycleSchedule({ numTrainingSteps: 10.5 }), /more than one step/],
  [
    "one cycle that rises to its end",
    () => getOneCycleSchedule({ numTrainingSteps: 10, pctStart: 1 }),
    /give pctStart/,
  ],
  ["a triangle of half a step", () => getSlantedTriangularSchedule({ numTrainingSteps: 20.5 }), /a step or more/],
  [
    "a triangle that only rises",
    () => getSlantedTriangularSchedule({ numTrainingSteps: 20, cutFrac: 1 }),
    /not all of them/,
  ],
  ["a timescale of 0", () => getInverseSqrtSchedule({ numWarmupSteps: 2, timescale: 0 }), /timescale is 0/],
  ["a decay longer than the rest", () => getWsdSchedule({ ...length, numDecaySteps: 9 }), /Take fewer numDecaySteps/],
  ["a decay of an unknown length", () => getWsdSchedule({ numWarmupSteps: 2, numDecaySteps: 2 }), /of no steps in all/],
  ["one cycle without room to rise", () => getOneCycleSchedule({ numTrainingSteps: 3 }), /give pctStart: 0.5/],
  [
    "three phases without room",
    () => getOneCycleSchedule({ numTrainingSteps: 20, pctStart: 0.6, threePhase: true }),
    /threePhase: false/,
  ],
  ["a triangle that rises in no step", () => getSlantedTriangularSchedule({ numTrainingSteps: 9 }), /larger cutFrac/],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});

test("what the refusals advise is accepted", () => {
  expect(getPolynomialDecayScheduleWithWarmup({ ...length, learningRate: 1e-5, lrEnd: 0 })(10)).toBe(0);
  expect(getOneCycleSchedule({ numTrainingSteps: 3, pctStart: 0.5 })(0)).toBeCloseTo(1 / 25, 15);
  expect(getOneCycleSchedule({ numTrainingSteps: 20, pctStart: 0.5, threePhase: false })(9)).toBe(1);
  expect(getSlantedTriangularSchedule({ numTrainingSteps: 9, cutFrac: 0.2 })(1)).toBe(1);
});
