import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { KilledSaves, type Kind } from "./killedSaves.ts";

let saves: KilledSaves;
beforeAll(async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  saves = await KilledSaves.make();
});
afterAll(() => saves.remove());

/** Every call is killed in the second tier; here some from all parts of a save. */
test.each<Kind>(["model into a model", "export into a model", "model, new"])(
  "a real process that is killed while it saves leaves the old folder or the new one: %s",
  async (kind) => {
    const count = await saves.count(kind);
    const moments = [0.3, 0.63, 0.75, 0.97].map((share) => Math.floor(share * count));
    const found = await Promise.all(moments.map(async (at) => saves.judge(kind, await saves.kill(kind, at))));
    console.log(`${kind}: killed at ${moments.join(", ")} of ${count} calls; found the ${found.join(", the ")} folder`);
    expect(found[0]).toBe("old");
  },
);

/** Each with each code, and exports too, in the second tier. */
test.each<Kind>(["model into a model", "model, new"])(
  "each call of a save may fail: the old folder or the new one is there, and the message is true of it: %s",
  async (kind) => {
    const count = await saves.count(kind);
    const found = { old: 0, new: 0 };
    for (let at = 0; at < count; at++) {
      const codes = ["ENOSPC", "EFBIG", "EIO", "EACCES"] as const;
      const { target, error } = await saves.fail(kind, at, codes[at % 4] as (typeof codes)[number]);
      found[await saves.judge(kind, target, error)]++;
      rmSync(dirname(target), { recursive: true });
    }
    console.log(
      `${kind}: each of ${count} calls failed once; the old folder ${found.old} times, the new one ${found.new}`,
    );
    expect(found.old).toBeGreaterThan(found.new);
  },
  120_000,
);

test("processes that save into one folder at the same time wait for each other, and a reader finds one of them whole", async () => {
  const { target, said } = saves.together(3, 4);
  let isOver = false;
  const ended = said.then((errors) => {
    isOver = true;
    return errors;
  });
  let reads = 0;
  const seen = new Set<string>();
  do {
    const model = await AutoModelForSequenceClassification.fromPretrained(target);
    const [bias] = model.parameters.get("classifier.bias")?.data() ?? [];
    const [label] = model.config.id2label as [string];
    model.dispose();
    reads++;
    if (label !== "LABEL_0") expect(label).toBe(`${bias}.0`); // the labels are called after the weights
    seen.add(label);
  } while (!isOver);
  expect(await ended).toEqual([]);
  expect(readFileSync(join(target, "notes.txt"), "utf8")).toBe("mine");
  console.log(`12 saves by 3 processes, read ${reads} times meanwhile, which showed ${seen.size} models`);
});
