import { expect, test } from "vitest";
import { PackedBatch } from "../../src/models/packedBatch.ts";
import { DropoutRng } from "../../src/nn/dropout.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { crossEntropy } from "../../src/task/singleLabel.ts";
import { lossAndGradients, tapGradient } from "../../src/tensor/gradients.ts";
import { tf } from "../../src/tensor/tensorflow.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

const withDropout = { hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.2 };

test.each<[string, Stage["train"]]>([
  ["everything", "all"],
  ["the head and the last 2 layers", ["head", { lastLayers: 2 }]],
  ["layer 1 under a frozen layer 2", ["head", { layers: [1] }]],
])("%s: the same weights to the last bit, dropout on, in one batch and in micro-batches", async (_, train) => {
  const weights = async (args: TrainingArguments) => {
    const model = await tinyModel(withDropout);
    const trainer = await tinyTrainer({ model, stages: [{ train, epochs: 1 }], args });
    await trainer.train();
    return weightsOf(trainer);
  };
  for (const gradientAccumulationSteps of [1, 2]) {
    const args = { gradientAccumulationSteps };
    expect(await weights({ ...args, gradientCheckpointing: true })).toEqual(await weights(args));
  }
});

test("of a model of 12 layers a pass holds less at its peak", async () => {
  const model = await tinyModel({ ...withDropout, num_hidden_layers: 12 });
  const texts = tinyTokenizer.encodeBatch(letters(64).texts);
  const batch = PackedBatch.fromTexts(texts);
  const labels = new Int32Array(64);
  const parameters = [...model.parameters.values()];
  for (const parameter of parameters) parameter.tensor; // keeps a tensor each once it has been read
  const before = tf.memory();
  const peakOf = (gradientCheckpointing: boolean) => {
    let peak = 0;
    const sample = () => {
      peak = Math.max(peak, tf.memory().numBytes - before.numBytes);
    };
    const through = (_: string, tensor: Parameters<typeof tapGradient>[0]) => {
      sample();
      return tapGradient(tensor, (gradient) => {
        sample();
        gradient.dispose();
      });
    };
    const options = { dropoutRng: new DropoutRng(1, 1), through, gradientCheckpointing };
    tf.tidy(() => {
      lossAndGradients(
        () => crossEntropy(model.run(undefined, -1, batch, options), labels),
        parameters.map(({ tensor }) => tensor),
      );
    });
    return peak;
  };
  const [all, inputs] = [peakOf(false), peakOf(true)];
  batch.dispose();
  console.log(
    `Peak of a pass, 12 layers: ${(all / 1e6).toFixed(1)} MB, with gradientCheckpointing ${(inputs / 1e6).toFixed(1)} MB`,
  );
  expect(inputs).toBeLessThan(all / 2);
  expect(tf.memory().numTensors).toBe(before.numTensors);
});
