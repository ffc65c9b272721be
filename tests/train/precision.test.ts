/** Training in bfloat16: refused where the processor lacks it, and its numbers where it does not matter how slow it is. */
import { describe, expect, test } from "vitest";
import { computeLogits } from "../../src/evaluate/computeLogits.ts";
import { type EncodedDataset, encodeDataset } from "../../src/evaluate/encodedDataset.ts";
import { resolveArguments, type TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { accuracyMetric } from "../../src/task/metrics.ts";
import { nativeOps } from "../../src/tensor/native.ts";
import { hasBfloat16, type Precision } from "../../src/tensor/precision.ts";
import { TrainingLoop } from "../../src/train/loop.ts";
import type { RunRecord } from "../../src/train/runRecord.ts";
import { dataRecord } from "../../src/train/runRecord.ts";
import { letters, tinyModel, tinyTokenizer, tinyTrainer, weightsOf } from "./tiny.ts";

test("a precision that is none is refused, with those that there are", () => {
  expect(() => resolveArguments({ precision: "float16" as Precision })).toThrow(
    /"float16"; known are float32, bfloat16/,
  );
  expect(resolveArguments({}).precision).toBe("float32");
});

test.skipIf(hasBfloat16())(
  "bfloat16 is refused before anything is computed, with what is missing and what to do",
  async () => {
    const model = await tinyModel();
    const trainer = tinyTrainer({ model, args: { precision: "bfloat16" } });
    await expect(trainer).rejects.toMatchObject({ code: "PRECISION_UNSUPPORTED" });
    await expect(trainer).rejects.toThrow(
      nativeOps ? /AVX512_BF16.*Use precision: "float32"/ : /Use precision: "float32"/,
    );
  },
);

test.runIf(hasBfloat16())("bfloat16 trains through the trainer", async () => {
  const run = await (await tinyTrainer({ args: { precision: "bfloat16", numTrainEpochs: 1 } })).train();
  expect(run.notices.join()).toContain("bfloat16");
});

interface Trained {
  readonly run: RunRecord;
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly losses: readonly number[];
}

/** The loop below the check of the arguments: the same numbers on every processor, if slowly. */
async function train(
  precision: Precision,
  stages: readonly Stage[],
  args: TrainingArguments = {},
  config: Record<string, unknown> = {},
): Promise<Trained> {
  const model = await tinyModel(config);
  const trainer = await tinyTrainer({ model, stages, args: { lrSchedulerType: "constant", ...args } });
  const sets = [letters(40), letters(20, 1)] as const;
  const [data, evaluation] = sets.map((set) => encodeDataset(set, tinyTokenizer, model, undefined)) as [
    EncodedDataset,
    EncodedDataset,
  ];
  let run: RunRecord | undefined;
  const loop = new TrainingLoop({
    ...{ model, evaluation, train: data, metric: accuracyMetric, plan: trainer.plan() },
    args: { ...trainer.args, precision },
    data: { train: dataRecord(sets[0], data), evaluation: dataRecord(sets[1], evaluation) },
    signal: new AbortController().signal,
    ended: (record) => {
      run = record;
    },
  });
  for await (const _ of loop.events); // it does what it does
  const weights = weightsOf(trainer);
  const losses = (run as RunRecord).history.map(({ loss }) => loss as number);
  return { run: run as RunRecord, weights, losses };
}

const withDropout = { hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 };

describe.skipIf(!nativeOps)("the loop in bfloat16", () => {
  test("30 steps of everything come to float32's losses, and weights stay in float32", async () => {
    const stages: Stage[] = [{ train: "all", epochs: 6 }]; // of 5 steps
    const [narrow, wide] = [await train("bfloat16", stages), await train("float32", stages)];
    const worst = Math.max(...narrow.losses.map((loss, i) => Math.abs(loss - (wide.losses[i] as number))));
    console.log(
      `losses of 6 epochs in bfloat16 ${narrow.losses.map((loss) => loss.toFixed(4)).join(" ")}: ` +
        `${worst.toExponential(1)} from float32's at most`,
    );
    expect(narrow.run.history.at(-1)?.step).toBe(30);
    expect(worst).toBeLessThan(0.005);
    expect(narrow.losses.at(-1)).toBeLessThan((narrow.losses[0] as number) / 2); // it has learned
    expect(narrow.losses).not.toEqual(wide.losses);
    expect(narrow.run.notices).toEqual(["The products of the layers were computed in bfloat16."]);
    const weight = narrow.weights.get("bert.encoder.layer.0.attention.self.query.weight") as Float32Array;
    const bits = new Uint32Array(weight.buffer, weight.byteOffset, weight.length);
    expect(bits.filter((word) => (word & 0xffff) !== 0).length).toBeGreaterThan(0.9 * weight.length);
  });

  test("a run that remembers the frozen layers equals one that computes them anew, to the last bit", async () => {
    const stages: Stage[] = [{ train: ["head", { lastLayers: 1 }], epochs: 2 }];
    const kept = await train("bfloat16", stages, {}, withDropout);
    const anew = await train("bfloat16", stages, { cacheMemory: 0, cacheDisk: 0 }, withDropout);
    expect(anew.run.notices?.join()).toContain("computed again in every epoch");
    expect(kept.weights).toEqual(anew.weights);
    expect(kept.losses).toEqual(anew.losses);
    expect(kept.run.history.map(({ evalLoss }) => evalLoss)).toEqual(anew.run.history.map(({ evalLoss }) => evalLoss));
    const wide = await train("float32", stages, {}, withDropout);
    expect(kept.losses).not.toEqual(wide.losses);
    expect(kept.run.evidence.after).toBe(wide.run.evidence.before); // frozen weights are the same bytes in either
  });

  test("the frozen layers and the evaluation are computed in bfloat16, too", async () => {
    const stages: Stage[] = [{ train: "head", epochs: 1 }];
    const [narrow, wide] = [await train("bfloat16", stages), await train("float32", stages)];
    const [mine, theirs] = [narrow, wide].map(({ run }) => run.history[0]?.evalLoss as number);
    expect(mine).not.toBe(theirs);
    expect(mine).toBeCloseTo(theirs as number, 2);
    const model = await tinyModel();
    const texts = tinyTokenizer.encodeBatch(letters(10).texts);
    const logits = async (precision: Precision) => {
      const computation = computeLogits({ model, texts, batchSize: 4, precision });
      for (let next = await computation.next(); ; next = await computation.next()) if (next.done) return next.value;
    };
    expect(await logits("bfloat16")).not.toEqual(await logits("float32"));
  });

  test("gradientCheckpointing gives the same weights to the last bit", async () => {
    const stages: Stage[] = [{ train: "all", epochs: 1 }];
    const plain = await train("bfloat16", stages, {}, withDropout);
    const again = await train("bfloat16", stages, { gradientCheckpointing: true }, withDropout);
    expect(again.weights).toEqual(plain.weights);
  });
});
