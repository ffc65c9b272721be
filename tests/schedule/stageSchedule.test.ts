import { expect, test } from "vitest";
import {
  getCosineWithHardRestartsScheduleWithWarmup,
  getLinearScheduleWithWarmup,
  getWsdSchedule,
} from "../../src/schedule/schedule.ts";
import {
  checkSchedulerKwargs,
  dependsOnRate,
  hasWarmup,
  type SchedulerType,
  scheduleOf,
  schedulerTypes,
} from "../../src/schedule/settings.ts";
import { epochFactors, rateCourse, type StageSchedule, stageSchedule } from "../../src/schedule/stageSchedule.ts";

const length = { numWarmupSteps: 2, numTrainingSteps: 10, learningRate: 5e-5 };

test.each<[SchedulerType, number, number]>([
  ["constant", 0, 1],
  ["constant_with_warmup", 1, 0.5],
  ["linear", 6, 0.5],
  ["cosine", 6, 0.5],
  ["cosine_with_restarts", 6, 0.5],
  ["polynomial", 10, 1e-7 / 5e-5],
  ["inverse_sqrt", 8, 0.5],
  ["reduce_lr_on_plateau", 7, 1],
  ["slanted_triangular", 1, 1],
])("%s is found by its name", (type, step, factor) => {
  expect(scheduleOf(type, length)(step)).toBeCloseTo(factor, 12);
});

test("settings of a schedule reach it", () => {
  const of = (type: SchedulerType, kwargs: object) => scheduleOf(type, { ...length, kwargs });
  const restarts = getCosineWithHardRestartsScheduleWithWarmup({ ...length, numCycles: 2 });
  expect([5, 6, 7].map(of("cosine_with_restarts", { numCycles: 2 }))).toEqual([5, 6, 7].map(restarts));
  expect(of("cosine_with_restarts", { numCycles: 2 })(6)).toBe(1);
  expect(of("polynomial", { lrEnd: 1e-5, power: 2 })(10)).toBeCloseTo(0.2, 12);
  expect(of("inverse_sqrt", { timescale: 8 })(10)).toBeCloseTo(1 / Math.sqrt(2), 12);
  expect(of("one_cycle", { pctStart: 0.5, annealStrategy: "linear", divFactor: 10 })(2)).toBeCloseTo(0.55, 12);
  expect(of("slanted_triangular", { cutFrac: 0.5, ratio: 10 })(0)).toBeCloseTo(0.1, 12);
});

test("the decay of a stage may be a share of its steps", () => {
  const share = scheduleOf("warmup_stable_decay", { ...length, kwargs: { numDecaySteps: 0.4, decayType: "linear" } });
  const counted = getWsdSchedule({ ...length, numDecaySteps: 4, decayType: "linear" });
  const steps = Array.from({ length: 12 }, (_, step) => step);
  expect(steps.map(share)).toEqual(steps.map(counted));
  expect(share(5)).toBe(1);
  expect(share(8)).toBe(0.5);
});

const refusing = {
  code: "BAD_STAGE",
  refuse: (key: string, found: string, wanted: string): never => {
    throw new Error(`${key} is ${found}; it must be ${wanted}.`);
  },
} as const;

test.each<[SchedulerType, object, RegExp]>([
  ["linear", { power: 2 }, /no setting of the schedule "linear" in lrSchedulerKwargs "power"/],
  ["polynomial", { powr: 2 }, /Did you mean power/],
  ["polynomial", { lr_end: 0 }, /Write lrEnd/],
  ["polynomial", { power: 0 }, /lrSchedulerKwargs.power is 0; it must be a number above 0/],
  ["polynomial", { lrEnd: -1 }, /a number of 0 or more/],
  ["cosine_with_restarts", { numCycles: "2" }, /a number above 0/],
  ["warmup_stable_decay", {}, /numDecaySteps is undefined; it must be .*{ numDecaySteps: 0.2 }/],
  ["warmup_stable_decay", { numDecaySteps: 1.5 }, /a whole number of steps of 1 or more, or a share/],
  ["warmup_stable_decay", { numDecaySteps: 2, decayType: "sqrt" }, /"linear" or "cosine" or "1-sqrt"/],
  ["warmup_stable_decay", { numDecaySteps: 2, minLrRatio: 1.1 }, /a number from 0 to 1/],
  ["reduce_lr_on_plateau", { mode: "max" }, /metricForBestModel and greaterIsBetter/],
  ["reduce_lr_on_plateau", { factor: 1 }, /above 0 and below 1/],
  ["reduce_lr_on_plateau", { patience: 1.5 }, /a whole number of 0 or more/],
  ["one_cycle", { pctStart: Number.NaN }, /above 0 and below 1/],
  ["one_cycle", { threePhase: 1 }, /true or false/],
  ["slanted_triangular", { ratio: 0.5 }, /a number of 1 or more/],
])("%s refuses %j", (type, kwargs, message) => {
  expect(() => checkSchedulerKwargs(kwargs, type, refusing)).toThrow(message);
});

/** Of each setting values that are just possible, and values that are just not. */
const borders: readonly [SchedulerType, string, possible: readonly unknown[], impossible: readonly unknown[]][] = [
  ["cosine", "numCycles", [0.25, 3], [0, -1, Number.POSITIVE_INFINITY, true]],
  ["polynomial", "lrEnd", [0, 1e-6], [-1e-9, "0"]],
  ["polynomial", "power", [0.5], [0]],
  ["inverse_sqrt", "timescale", [1, 0.5], [0]],
  ["warmup_stable_decay", "numDecaySteps", [1, 0.5, 7], [0, -1, 1.5, -0.5]],
  ["warmup_stable_decay", "numStableSteps", [0, 3], [-1, 0.5]],
  ["warmup_stable_decay", "minLrRatio", [0, 0.5, 1], [-0.1, 1.1]],
  ["warmup_stable_decay", "warmupType", ["linear", "cosine", "1-sqrt"], ["1-square", 1]],
  ["reduce_lr_on_plateau", "factor", [0.1, 0.99], [0, 1, 1.5, -0.5]],
  ["reduce_lr_on_plateau", "patience", [0, 4], [-1, 0.5]],
  ["reduce_lr_on_plateau", "threshold", [0, 0.1], [-0.1]],
  ["reduce_lr_on_plateau", "thresholdMode", ["rel", "abs"], ["relative"]],
  ["one_cycle", "divFactor", [1, 25], [0.5, 0]],
  ["one_cycle", "pctStart", [0.01, 0.5], [0, 1]],
  ["one_cycle", "threePhase", [true, false], [0, "true"]],
  ["slanted_triangular", "ratio", [1, 32], [0.9]],
];

test.each(borders)("%s takes as %s what is possible, and nothing else", (type, key, possible, impossible) => {
  const check = (value: unknown) => () =>
    checkSchedulerKwargs(
      { ...(type === "warmup_stable_decay" ? { numDecaySteps: 1 } : {}), [key]: value },
      type,
      refusing,
    );
  for (const value of possible) expect(check(value), `${value}`).not.toThrow();
  for (const value of impossible) expect(check(value), `${value}`).toThrow(`lrSchedulerKwargs.${key} is`);
});

test("a decay of one step is one step, and not all of them", () => {
  const last = scheduleOf("warmup_stable_decay", { ...length, kwargs: { numDecaySteps: 1, decayType: "linear" } });
  expect([8, 9, 10].map(last)).toEqual([1, 1, 0]);
});

test("the schedules that begin with a warm-up, and those that do not", () => {
  const without = ["constant", "reduce_lr_on_plateau", "one_cycle", "slanted_triangular"];
  expect(schedulerTypes.filter((type) => !hasWarmup(type))).toEqual(without);
  expect(schedulerTypes.filter(dependsOnRate)).toEqual(["polynomial", "reduce_lr_on_plateau"]);
});

test("a schedule without settings accepts none given", () => {
  for (const type of schedulerTypes.filter((each) => each !== "warmup_stable_decay")) {
    expect(() => checkSchedulerKwargs(undefined, type, refusing), type).not.toThrow();
    expect(() => checkSchedulerKwargs({}, type, refusing), type).not.toThrow();
  }
});

const stage = { lrSchedulerType: "linear", warmupSteps: 5, steps: 12, epochs: 3 } as const;

test("an epoch's factors are those of its first, its highest and its last step", () => {
  expect(epochFactors(stage, 0)).toEqual([0, 3 / 5]); // it still rises
  expect(epochFactors(stage, 1)).toEqual([4 / 5, 1, 5 / 7]); // step 5 is the peak
  expect(epochFactors(stage, 2)).toEqual([4 / 7, 1 / 7]);
  expect(epochFactors({ ...stage, lrSchedulerType: "constant" }, 1)).toEqual([1]);
});

test("an epoch in which a schedule rises again shows where it was lowest and highest", () => {
  const kwargs = { numCycles: 2 };
  const restarts = {
    ...stage,
    lrSchedulerType: "cosine_with_restarts",
    lrSchedulerKwargs: kwargs,
    warmupSteps: 0,
  } as const;
  const factor = stageSchedule(restarts);
  expect(epochFactors(restarts, 1)).toEqual([4, 5, 6, 7].map(factor)); // falls to step 5, begins again at step 6
  expect(epochFactors(restarts, 1)[2]).toBe(1);
});

test("a short course has every step, and none that is not reached", () => {
  const schedule = getLinearScheduleWithWarmup({ numWarmupSteps: 5, numTrainingSteps: 12 });
  expect(rateCourse(stage, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((step) => ({ step, factor: schedule(step) })));
  expect(rateCourse(stage, 1)).toEqual([{ step: 0, factor: 0 }]);
  expect(rateCourse(stage, 0)).toEqual([]);
});

test("a long course is drawn through a few steps, with both ends and the peak between them", () => {
  const long = { lrSchedulerType: "linear", warmupSteps: 333, steps: 1000 } as const;
  const course = rateCourse(long, 1000, { points: 5 });
  expect(course.map(({ step }) => step)).toEqual([0, 250, 333, 500, 749, 999]);
  expect(course.find(({ factor }) => factor === 1)?.step).toBe(333);
  expect(rateCourse(long, 200, { points: 3 }).map(({ step }) => step)).toEqual([0, 100, 199]); // ends before the peak
});

test("a long course of a schedule that rises again has the steps before and at every restart", () => {
  const kwargs = { numCycles: 4 };
  const long = {
    lrSchedulerType: "cosine_with_restarts",
    lrSchedulerKwargs: kwargs,
    warmupSteps: 0,
    steps: 1000,
  } as const;
  const course = rateCourse(long, 1000, { points: 3 });
  expect(course.map(({ step }) => step)).toEqual([0, 249, 250, 499, 500, 749, 750, 999]);
  expect(course.filter(({ factor }) => factor === 1).map(({ step }) => step)).toEqual([0, 250, 500, 750]);
});

test("stages that go on with a schedule have the factors of one schedule over all their steps", () => {
  const whole = getLinearScheduleWithWarmup({ numWarmupSteps: 4, numTrainingSteps: 30 });
  const joined = { steps: 30, warmupSteps: 4 };
  const first: StageSchedule = {
    ...{ lrSchedulerType: "linear", warmupSteps: 4, steps: 12 },
    joined: { ...joined, stagesBefore: 0, stepsBefore: 0 },
  };
  const second: StageSchedule = {
    ...{ lrSchedulerType: "linear", warmupSteps: 0, steps: 10 },
    joined: { ...joined, stagesBefore: 1, stepsBefore: 12 },
  };
  const third: StageSchedule = {
    ...{ lrSchedulerType: "linear", warmupSteps: 5, steps: 8 },
    joined: { ...joined, stagesBefore: 2, stepsBefore: 22 },
  };
  const factors = [first, second].flatMap((each) => rateCourse(each, each.steps).map(({ factor }) => factor));
  expect(factors).toEqual(Array.from({ length: 22 }, (_, step) => whole(step)));
  const rewarmed = stageSchedule(third);
  expect([0, 1, 4].map(rewarmed)).toEqual([0, whole(23) * (1 / 5), whole(26) * (4 / 5)]);
  expect([5, 6, 7].map(rewarmed)).toEqual([27, 28, 29].map(whole));
});

test("on a plateau a step sees the validation values before it, and no later ones", () => {
  const kwargs = { patience: 0, factor: 0.5 };
  const plateau = {
    lrSchedulerType: "reduce_lr_on_plateau",
    lrSchedulerKwargs: kwargs,
    warmupSteps: 0,
    steps: 12,
  } as const;
  const values = [
    { step: 4, value: 0.7 },
    { step: 8, value: 0.7 },
  ];
  const course = { greaterIsBetter: true, values };
  const factor = stageSchedule({ ...plateau, scheduleRate: 1e-3 }, course);
  expect([0, 3, 4, 7, 8, 11].map(factor)).toEqual([1, 1, 1, 1, 0.5, 0.5]);
  expect(epochFactors({ ...plateau, scheduleRate: 1e-3, epochs: 3 }, 2, course)).toEqual([0.5]);
  const before = { greaterIsBetter: true, values: [{ step: -4, value: 0.9 }, ...values] };
  const joined = { stagesBefore: 1, stepsBefore: 8, steps: 20, warmupSteps: 0 };
  const continued = stageSchedule({ ...plateau, scheduleRate: 1e-3, joined }, before);
  expect([0, 3, 4, 8].map(continued)).toEqual([1, 1, 0.5, 0.25]); // worse than the stage before
});

test("an epoch that maxSteps cuts has the factors of the steps that it has", () => {
  const stage = { lrSchedulerType: "linear", warmupSteps: 0, steps: 7, epochs: 2, stepsPerEpoch: 5 } as const;
  expect(epochFactors(stage, 0)).toEqual([1, 3 / 7]); // steps 0 to 4
  expect(epochFactors(stage, 1)).toEqual([2 / 7, 1 / 7]); // steps 5 and 6
  expect(epochFactors(stage, 1)).toBe(epochFactors(stage, 1)); // a live table asks again and again
});
