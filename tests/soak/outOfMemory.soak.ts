/** Training under limits on addresses and on private memory, from too little for the model to enough for the run. */
import { expect, test } from "vitest";
import { type Found, ofMiniLM, trainInProcess } from "../train/memory/memoryRuns.ts";

const limits = [
  ...[2.0, 2.4, 3.0, 3.4, 4.0].map((gigabytes) => ["--as", gigabytes] as const),
  ...[0.35, 0.45, 0.6, 0.8, 1.1, 1.35].map((gigabytes) => ["--data", gigabytes] as const),
];
/** Without `maxMemory` the forecast decides; with one beyond the limit, memory ends in the middle of a step. */
const ways = [undefined, "64 GB"] as const;

test("each run ends as it should or in OUT_OF_MEMORY, with the weights of the step before, and none dies", async () => {
  const all: (Found & { name: string })[] = [];
  for (const [option, gigabytes] of limits) {
    for (const maxMemory of ways) {
      const args = { perDeviceTrainBatchSize: 32, ...(maxMemory === undefined ? {} : { maxMemory }) };
      const found = await trainInProcess(ofMiniLM({ hashed: true, args }), `${option}=${gigabytes * 1e9}`);
      const name = `${option} ${gigabytes} GB${maxMemory === undefined ? "" : ", told to go on"}`;
      all.push({ ...found, name });
      console.log(
        `${name}: ${found.died ?? found.code ?? "ended"}, ${found.steps ?? 0} steps, weights ${found.unchanged === false ? "CHANGED" : "as before"}` +
          `${found.advised === undefined ? "" : `, the advice ${found.advised.ended ? "works" : `fails: ${found.advised.code ?? found.advised.died}`}`}` +
          `: ${found.message ?? ""}`,
      );
    }
  }
  const of = (test: (found: Found) => boolean | undefined) => all.filter(test);
  const advised = of(({ advised }) => advised !== undefined);
  console.log(
    `under limits: ${all.length} runs: ${of(({ code }) => code === "OUT_OF_MEMORY").length} OUT_OF_MEMORY, ` +
      `${of(({ ended }) => ended).length} ended, ${of(({ died }) => died !== undefined).length} died; ` +
      `advice given ${advised.length} times, worked ${advised.filter(({ advised }) => advised?.ended).length} times`,
  );
  expect(of(({ died }) => died !== undefined)).toEqual([]);
  expect(of(({ code, ended }) => !ended && code !== "OUT_OF_MEMORY")).toEqual([]);
  expect(of(({ unchanged }) => unchanged === false)).toEqual([]);
  expect(advised.filter(({ advised }) => !advised?.ended)).toEqual([]);
});
