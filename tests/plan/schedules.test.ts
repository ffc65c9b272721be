import { expect, test } from "vitest";
import { checkStages } from "../../src/plan/checkStages.ts";
import { resolveSchedules, type ScheduleDefaults } from "../../src/plan/schedules.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { getLinearScheduleWithWarmup } from "../../src/schedule/schedule.ts";
import { rateCourse } from "../../src/schedule/stageSchedule.ts";

const defaults: ScheduleDefaults = { lrSchedulerType: "linear", lrSchedulerKwargs: undefined, warmupSteps: 0 };
type Settings = Partial<Stage>;

/** Resolves stages of one, two, three ... epochs of ten steps each. */
function resolved(settings: readonly Settings[], change: Partial<ScheduleDefaults> = {}) {
  const stages = settings.map((each, i): Stage => ({ train: "all", epochs: i + 1, ...each }));
  checkStages(stages);
  const scheduled = stages.map((stage) => ({ stage, steps: stage.epochs * 10, learningRate: 1e-3 }));
  return resolveSchedules(scheduled, { ...defaults, ...change });
}

test("a stage takes the run's schedule with its settings, or its own", () => {
  const run = { lrSchedulerType: "polynomial", lrSchedulerKwargs: { power: 2 }, warmupSteps: 0.1 } as const;
  const polynomial = { lrSchedulerType: "polynomial", scheduleRate: 1e-3 };
  expect(
    resolved(
      [
        {},
        { lrSchedulerKwargs: { lrEnd: 1e-5 }, warmupSteps: 3 },
        { lrSchedulerType: "cosine" },
        { lrSchedulerType: "polynomial" },
        { lrSchedulerType: "one_cycle", lrSchedulerKwargs: { pctStart: 0.2 } },
      ],
      run,
    ),
  ).toEqual([
    { ...polynomial, lrSchedulerKwargs: { power: 2 }, warmupSteps: 1, steps: 10 },
    { ...polynomial, lrSchedulerKwargs: { lrEnd: 1e-5 }, warmupSteps: 3, steps: 20 },
    { lrSchedulerType: "cosine", warmupSteps: 3, steps: 30 },
    { ...polynomial, lrSchedulerKwargs: { power: 2 }, warmupSteps: 4, steps: 40 },
    { lrSchedulerType: "one_cycle", lrSchedulerKwargs: { pctStart: 0.2 }, warmupSteps: 0, steps: 50 },
  ]);
});

test("stages that continue are parts of one schedule, with one warm-up", () => {
  const stages = resolved([{}, { warmupSteps: 4 }, { scheduleStart: "continue" }, { scheduleStart: "continue" }, {}]);
  expect(stages.map(({ joined }) => joined?.stagesBefore)).toEqual([undefined, 0, 1, 2, undefined]);
  expect(stages.map(({ warmupSteps }) => warmupSteps)).toEqual([0, 4, 0, 0, 0]);
  const factors = stages.slice(1, 4).flatMap((stage) => rateCourse(stage, stage.steps).map(({ factor }) => factor));
  const whole = getLinearScheduleWithWarmup({ numWarmupSteps: 4, numTrainingSteps: 90 });
  expect(factors).toEqual(Array.from({ length: 90 }, (_, step) => whole(step)));
  expect(rateCourse(stages[4] as (typeof stages)[0], 1)).toEqual([{ step: 0, factor: 1 }]);
});

test("a stage that rewarms rises over its own warm-up to what the schedule has then", () => {
  const [, second] = resolved([{}, { scheduleStart: "rewarm", warmupSteps: 0.2 }]);
  const whole = getLinearScheduleWithWarmup({ numWarmupSteps: 0, numTrainingSteps: 30 });
  expect(second?.warmupSteps).toBe(4);
  const expected = Array.from({ length: 20 }, (_, step) => whole(10 + step) * Math.min(1, step / 4));
  expect(rateCourse(second as NonNullable<typeof second>, 20).map(({ factor }) => factor)).toEqual(expected);
});

test("one resolved is written again and gives the same", () => {
  const settings: Settings[] = [
    { warmupSteps: 2 },
    { scheduleStart: "continue" },
    { scheduleStart: "rewarm", warmupSteps: 5 },
  ];
  const first = resolved(settings);
  const again = first.map(({ lrSchedulerType, warmupSteps }, i) => ({ ...settings[i], lrSchedulerType, warmupSteps }));
  expect(resolved(again, { lrSchedulerType: "cosine" })).toEqual(first);
});

test.each<[string, Settings[], Partial<ScheduleDefaults>, RegExp]>([
  [
    "another schedule in the middle",
    [{}, { scheduleStart: "continue", lrSchedulerType: "cosine" }],
    {},
    /Stage 1 has scheduleStart "continue", but its lrSchedulerType "cosine" is not that of stage 0.*write scheduleStart: "restart"/,
  ],
  [
    "other settings in the middle",
    [{ lrSchedulerType: "polynomial" }, { scheduleStart: "continue", lrSchedulerKwargs: { power: 2 } }],
    {},
    /other lrSchedulerKwargs than stage 0.*Leave them out/,
  ],
  [
    "a warm-up in the middle",
    [{}, { scheduleStart: "continue", warmupSteps: 2 }],
    {},
    /warmupSteps of its own.*write scheduleStart: "rewarm"/,
  ],
  [
    "a rewarming without a warm-up",
    [{}, { scheduleStart: "rewarm" }],
    {},
    /give it warmupSteps: 0.1, or write scheduleStart: "continue"/,
  ],
  ["a warm-up longer than the stage", [{ warmupSteps: 11 }], {}, /Stage 0 has 11 warm-up steps, but only 10 steps/],
  ["a warm-up where there is none", [{ lrSchedulerType: "one_cycle", warmupSteps: 2 }], {}, /pctStart: 0.3/],
  ["no decay", [{ lrSchedulerType: "warmup_stable_decay" }], {}, /numDecaySteps undefined; it must be/],
  ["settings of another schedule", [{ lrSchedulerKwargs: { power: 2 } }], {}, /no setting of the schedule "linear"/],
  [
    "a decay longer than the stage",
    [{ lrSchedulerType: "warmup_stable_decay", lrSchedulerKwargs: { numDecaySteps: 11 } }],
    {},
    /Stage 0: warmup_stable_decay needs/,
  ],
  [
    "an end above the peak",
    [{}, { lrSchedulerType: "polynomial", lrSchedulerKwargs: { lrEnd: 1 } }],
    {},
    /Stage 1: A polynomial schedule ends at lrEnd 1/,
  ],
])("%s is refused", (_, stages, change, message) => {
  expect(() => resolved(stages, change)).toThrow(message);
  expect(() => resolved(stages, change)).toThrow(expect.objectContaining({ code: "BAD_STAGE" }));
});

test("what the refusals advise is accepted", () => {
  expect(() => resolved([{}, { scheduleStart: "restart", lrSchedulerType: "cosine" }])).not.toThrow();
  expect(() => resolved([{}, { scheduleStart: "rewarm", warmupSteps: 2 }])).not.toThrow();
  expect(() => resolved([{}, { scheduleStart: "continue" }])).not.toThrow();
  expect(() => resolved([{ lrSchedulerType: "one_cycle", lrSchedulerKwargs: { pctStart: 0.3 } }])).not.toThrow();
  expect(() => resolved([{ patience: 2, minDelta: 0.01 }])).not.toThrow();
});
