import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../golden/read.ts";
import { Client, errorText, printed, result, sleep } from "../kernel/client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const folder = JSON.stringify(goldenPath("bert-tiny-base"));
const preparation = `
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";
const folder = ${folder};
const model = await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2 });
const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});
const rows = Array.from({ length: 64 }, (_, i) => ({ text: i % 2 ? "a b c" : "x y z", label: i % 2 }));
const trainDataset = TextDataset.fromRows(rows);
const trainer = new Trainer({ model, tokenizer, trainDataset, args: { numTrainEpochs: 100_000, perDeviceTrainBatchSize: 64 } });
const { createHash } = await import("node:crypto");
const weights = () => {
  const hash = createHash("sha256");
  for (const [name, parameter] of model.parameters) hash.update(name).update(new Uint8Array(Float32Array.from(parameter.data()).buffer));
  return hash.digest("hex");
};
`;

test("Stop ends a training run within one step, keeps every variable, and nothing trains on", async () => {
  expect(errorText(await client.execute(preparation))).toBe("");
  const id = client.start("await trainer.train()");
  await client.until(() => client.iopub.some(({ header }) => header.msg_type === "update_display_data"), 30_000);
  await sleep(300);
  const asked = performance.now();
  await client.request("interrupt_request", {}, "control");
  const run = await client.finish(id);
  const tookMs = performance.now() - asked;
  expect(run.reply.content.status).toBe("error");
  expect(errorText(run)).toMatch(/Interrupted/);
  console.log(`Stop: training ended ${tookMs.toFixed(0)} ms after the request`);

  const before = result(await client.execute("weights()"));
  expect(before).toMatch(/^'[0-9a-f]{64}'$/);
  const steps = Number(result(await client.execute("trainer.history.at(-1).step")));
  expect(steps).toBeGreaterThan(0);
  await sleep(5000); // goal 5: nothing trains on, seen for five seconds
  expect(result(await client.execute("weights()"))).toBe(before);
  expect(Number(result(await client.execute("trainer.history.at(-1).step")))).toBe(steps);
  console.log(`Stop: the hash of all weights is the same 5 s later: ${before?.slice(1, 13)}`);
});

test("the model can be used and trained again after the Stop", async () => {
  const again = `const short = new Trainer({ model, tokenizer, trainDataset, args: { numTrainEpochs: 1 } });
const run = await short.train();
console.log(run.history.length, (await short.predict(["a b c"])).length);`;
  const before = result(await client.execute("weights()"));
  expect(printed(await client.execute(again)).trim()).toBe("1 1");
  expect(result(await client.execute("weights()"))).not.toBe(before); // the hash of the test above can change
});
