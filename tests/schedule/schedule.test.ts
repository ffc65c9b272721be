import { expect, test } from "vitest";
import {
  getConstantSchedule,
  getConstantScheduleWithWarmup,
  getCosineScheduleWithWarmup,
  getLinearScheduleWithWarmup,
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
