import { expect, test } from "vitest";
import { combinedHash, fingerprint } from "../../src/train/weights.ts";
import { tinyTrainer } from "./tiny.ts";

/** The highest loss counts as the best, so that the best epoch of a stage is its first. */
const args = { metricForBestModel: "loss", greaterIsBetter: true, loadBestModelAtEnd: false } as const;
const stages = [
  { train: ["head", { lastLayers: 1 }], epochs: 3, restoreBest: true },
  { train: "all", epochs: 2, restoreBest: true },
] as const;

const hashOf = ({ model }: Awaited<ReturnType<typeof tinyTrainer>>) =>
  combinedHash(fingerprint(model, model.parameters.keys()));

test("the next stage begins with the best weights of the stage, without moments; after the last stage they are those of its end", async () => {
  const trainer = await tinyTrainer({ stages, args });
  const afterEpoch: string[] = [];
  for await (const event of trainer.events()) {
    if (event.kind === "epoch") afterEpoch.push(hashOf(trainer));
    if (event.kind === "stage" && event.stage === 1) {
      expect(hashOf(trainer)).toBe(afterEpoch[0]);
      expect(hashOf(trainer)).not.toBe(afterEpoch[2]);
    }
  }
  const record = trainer.run?.record;
  expect(record?.stages[1]?.outcome?.evidence?.steps).toMatchObject({ lowest: 10, highest: 10 });
  expect(record?.weights).toMatchObject({ step: 25, epoch: 5, end: afterEpoch[4] });
});

test("a record made before the first step of the next stage says which step the model's weights are of", async () => {
  const trainer = await tinyTrainer({ stages, args });
  const stop = new AbortController();
  const training = async () => {
    for await (const event of trainer.events({ signal: stop.signal })) {
      if (event.kind === "stage" && event.stage === 1) stop.abort(new Error("stopped by the test"));
    }
  };
  await expect(training()).rejects.toThrow("stopped by the test");
  expect(trainer.run?.record.weights).toMatchObject({ step: 5, epoch: 1, end: hashOf(trainer) });
  expect(trainer.run?.status).toMatchObject({ state: "stopped", step: 15 });
});
