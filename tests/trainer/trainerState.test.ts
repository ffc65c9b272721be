import { expect, test } from "vitest";
import { resolveArguments } from "../../src/trainer/arguments.ts";
import { trainerState } from "../../src/trainer/trainerState.ts";
import { tinyTrainer } from "./tiny.ts";

const stages = [{ name: "mine", train: ["head" as const], epochs: 2 }];
const plan = (await tinyTrainer({ stages })).plan();
const row = { step: 5, epoch: 1, stage: 0, loss: 0.5, gradNorm: 2, evalAccuracy: 0.75, evalMacroF1: 0.7 };

test("the log and the arguments are in Hugging Face's words", () => {
  const files = trainerState(resolveArguments({ adamBeta1: 0.8, perDeviceTrainBatchSize: 4 }), plan, [row]);
  expect(files["training_args.json"]).toMatchObject({
    num_train_epochs: 3,
    per_device_train_batch_size: 4,
    adam_beta1: 0.8,
    lr_scheduler_type: "linear",
    load_best_model_at_end: true,
  });
  expect(files["trainer_state.json"]).toMatchObject({
    epoch: 1,
    global_step: 5,
    log_history: [{ step: 5, epoch: 1, stage: 0, loss: 0.5, grad_norm: 2, eval_accuracy: 0.75, eval_macro_f1: 0.7 }],
  });
});

test("the plan is stored with the names of what trains", () => {
  const state = trainerState(resolveArguments(), plan, [])["trainer_state.json"];
  const trainable = ["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"];
  expect(state).toMatchObject({
    epoch: 0,
    global_step: 0,
    stages: [{ name: "mine", trains: "head", epochs: 2, steps: 10, trainable }],
  });
});

test("no path of the machine is stored", () => {
  const files = trainerState(resolveArguments({ outputDir: "/secret/place" }), plan, [row]);
  expect(JSON.stringify(files)).not.toMatch(/secret|output/i);
});
