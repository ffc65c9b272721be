import { expect, test } from "vitest";
import {
  epochFactors,
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getLinearScheduleWithWarmup,
  rateCourse,
  type Schedule,
  scheduleOf,
  type WarmupOptions,
} from "../../src/schedule/schedule.ts";
import { golden } from "../golden/read.ts";

interface Case {
  schedule: string;
  num_warmup_steps?: number;
  num_training_steps?: number;
  factors: number[];
}
const { cases } = golden<{ cases: Case[] }>("schedule.json");

test("every schedule equals transformers' at every step", () => {
  let compared = 0;
  for (const { schedule, num_warmup_steps = 0, num_training_steps = 1000, factors } of cases) {
    const options = { numWarmupSteps: num_warmup_steps, numTrainingSteps: num_training_steps };
    const makers: Record<string, (options: WarmupOptions) => Schedule> = {
      linear_schedule_with_warmup: getLinearScheduleWithWarmup,
      cosine_schedule_with_warmup: getCosineScheduleWithWarmup,
      constant_schedule: getConstantSchedule,
      constant_schedule_with_warmup: getConstantScheduleWithWarmup,
    };
    const mine = makers[schedule]?.(options);
    factors.forEach((factor, step) => {
      const own = mine?.(step) as number;
      // the cosine goes through another libm; everything else is equal bit for bit
      if (schedule.startsWith("cosine")) expect(Math.abs(own - factor), `${schedule} ${step}`).toBeLessThan(1e-15);
      else expect(own, `${schedule} ${step}`).toBe(factor);
      compared += 1;
    });
  }
  console.log(`schedules: ${cases.length} cases, ${compared} steps equal to transformers'`);
  expect(compared).toBeGreaterThan(500);
});

test("a schedule is found by Hugging Face's name", () => {
  const options = { numWarmupSteps: 2, numTrainingSteps: 10 };
  expect(scheduleOf("constant_with_warmup", options)(1)).toBe(0.5);
  expect(scheduleOf("constant", options)(0)).toBe(1);
  expect(scheduleOf("linear", options)(6)).toBe(0.5);
  expect(scheduleOf("cosine", options)(6)).toBeCloseTo(0.5, 12);
});

test.each([
  [-1, 10],
  [11, 10],
  [1.5, 10],
])("warm-up %d of %d steps is refused", (numWarmupSteps, numTrainingSteps) => {
  expect(() => getLinearScheduleWithWarmup({ numWarmupSteps, numTrainingSteps })).toThrow(/fewer warm-up steps/);
});

const stage = { lrSchedulerType: "linear", warmupSteps: 5, steps: 12, epochs: 3 } as const;

test("an epoch's factors are those of its first, its highest and its last step", () => {
  expect(epochFactors(stage, 0)).toEqual({ first: 0, highest: 3 / 5, last: 3 / 5 }); // it still rises
  expect(epochFactors(stage, 1)).toEqual({ first: 4 / 5, highest: 1, last: 5 / 7 }); // step 5 is the peak
  expect(epochFactors(stage, 2)).toEqual({ first: 4 / 7, highest: 4 / 7, last: 1 / 7 });
});

test("a short course has every step, and none that is not reached", () => {
  const schedule = getLinearScheduleWithWarmup({ numWarmupSteps: 5, numTrainingSteps: 12 });
  expect(rateCourse(stage, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((step) => ({ step, factor: schedule(step) })));
  expect(rateCourse(stage, 1)).toEqual([{ step: 0, factor: 0 }]);
  expect(rateCourse(stage, 0)).toEqual([]);
});

test("a long course is drawn through a few steps, with both ends and the peak between them", () => {
  const long = { lrSchedulerType: "linear", warmupSteps: 333, steps: 1000 } as const;
  const course = rateCourse(long, 1000, 5);
  expect(course.map(({ step }) => step)).toEqual([0, 250, 333, 500, 749, 999]);
  expect(course.find(({ factor }) => factor === 1)?.step).toBe(333);
  expect(rateCourse(long, 200, 3).map(({ step }) => step)).toEqual([0, 100, 199]); // ends before the peak
});
