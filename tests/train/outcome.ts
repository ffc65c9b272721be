/** What a run came to, for tests that compare a run that was broken off and went on with one that was not. */
import { createHash } from "node:crypto";
import type { RunRecord } from "../../src/train/runRecord.ts";
import type { Trainer } from "../../src/trainer.ts";
import { weightsOf } from "./tiny.ts";

const isTime = (key: string) => /seconds|peakMemory|predicted|cacheMemory|cacheDisk/i.test(key);

/** Everything about a run that has to be the same where it goes on: no times, and no word of having been stopped. */
export function outcome(of: Trainer) {
  const { record } = of.run as { record: RunRecord };
  const { seconds: _, versions: __, resumedAt: ___, notices: ____, ...rest } = record;
  const hashes = [...weightsOf(of)].map(([name, values]) => [name, createHash("sha256").update(values).digest("hex")]);
  return withoutTimes({ ...rest, hashes });
}

/** A value as JSON has it, without times and sizes that differ from run to run. */
export function withoutTimes(value: unknown) {
  return JSON.parse(JSON.stringify(value, (key, each) => (isTime(key) ? undefined : each)));
}
