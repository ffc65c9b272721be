/** Settings of a stage that the loop applies: dropout rates, and schedules that go on or look at the validation. */
import { expect, test } from "vitest";
import type { Stage } from "../../src/plan/stage.ts";
import { getLinearScheduleWithWarmup } from "../../src/schedule/schedule.ts";
import type { TrainerOptions } from "../../src/train/trainerOptions.ts";
import { Trainer } from "../../src/trainer.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

async function trained(options: Partial<TrainerOptions>) {
  const trainer = await tinyTrainer(options);
  const run = await trainer.train();
  const weights = weightsOf(trainer);
  trainer.model.dispose();
  return { record: run.record, weights };
}

const rates = (rate: number) => ({ hidden_dropout_prob: rate, attention_probs_dropout_prob: rate });
const stage = (change: Partial<Stage>): Stage[] => [{ train: "all", epochs: 1, ...change }];

test.each([false, true])(
  "a stage drops at its own rates, with gradientCheckpointing %s",
  async (gradientCheckpointing) => {
    const args = { gradientCheckpointing };
    const of = async (rate: number, dropout?: number) =>
      (
        await trained({
          model: await tinyModel(rates(rate)),
          args,
          stages: stage(dropout === undefined ? {} : { dropout }),
        })
      ).weights;
    const [none, much] = [await of(0), await of(0.3)];
    expect(none).not.toEqual(much);
    expect(await of(0.1, 0)).toEqual(none);
    expect(await of(0.1, 0.3)).toEqual(much);
  },
);

test("the steps of a stage that continues take the factors where the stage before left them", async () => {
  const stages: Stage[] = [
    { train: "head", epochs: 2, headLearningRate: 1e-3 },
    { train: "all", epochs: 1, scheduleStart: "continue" },
  ];
  const { record } = await trained({ stages, args: { learningRate: 1e-3 } });
  const whole = getLinearScheduleWithWarmup({ numWarmupSteps: 0, numTrainingSteps: 15 });
  expect(record.history.map(({ headLearningRate }) => headLearningRate)).toEqual(
    [4, 9, 14].map((step) => 1e-3 * whole(step)),
  );
});

test("on a plateau the rates fall, by the validation values of the stage alone", async () => {
  const lrSchedulerKwargs = { patience: 0, factor: 0.5, threshold: 10 }; // nothing is ten times better
  const plateau = { lrSchedulerType: "reduce_lr_on_plateau", lrSchedulerKwargs } as const;
  const stages: Stage[] = [
    ...stage({ epochs: 3, ...plateau }),
    ...stage({ epochs: 2, ...plateau, learningRate: 1e-4 }),
  ];
  const { record } = await trained({ stages });
  // the first value is better than none at all
  const expected = [1e-3, 1e-3, 5e-4, 1e-4, 1e-4];
  for (const [epoch, rate] of expected.entries()) expect(record.history[epoch]?.learningRate).toBeCloseTo(rate, 12);
  expect(record.history.length).toBe(5);
});

test.each<[Partial<Stage>, RegExp]>([
  [
    { patience: 1 },
    /Stage 0 has patience, which needs validation: give the trainer an evalDataset, or leave patience out/,
  ],
  [{ restoreBest: true }, /Stage 0 has restoreBest, which needs validation/],
  [
    { lrSchedulerType: "reduce_lr_on_plateau" },
    /Stage 0 has the schedule "reduce_lr_on_plateau", which .*such as "linear"/,
  ],
])("%j without validation is refused", async (settings, message) => {
  const model = await tinyModel();
  const options = { model, tokenizer: tinyTokenizer, trainDataset: letters(8), stages: stage(settings) };
  expect(() => new Trainer(options)).toThrow(message);
  expect(() => new Trainer({ ...options, evalDataset: letters(8, 1) })).not.toThrow();
  model.dispose();
});
