/** docs/stages.md against what there is: its example is a plan, and it names every setting, selection and schedule. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkStages } from "../../src/plan/checkStages.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { checkSchedulerKwargs, type SchedulerKwargs, schedulerTypes } from "../../src/schedule/settings.ts";
import { scheduleStarts } from "../../src/schedule/stageSchedule.ts";

const guide = readFileSync(new URL("../../docs/stages.md", import.meta.url), "utf8");
const refusalOf = (run: () => void): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};
/** The names in a message that ends with "Known are: a, b, c." */
const knownIn = (message: string): string[] => (/Known are: (.+)\./.exec(message)?.[1] ?? "").split(", ");

test("the example is a plan", () => {
  const [, code = ""] = /const stages = (\[.*?\n\]);/s.exec(guide) ?? [];
  const stages = new Function(`return ${code}`)() as Stage[];
  expect(stages.length).toBe(3);
  expect(() => checkStages(stages)).not.toThrow();
});

test("it has every setting of a stage", () => {
  const known = knownIn(
    refusalOf(() => checkStages([{ train: "head", epochs: 1, zzzzzzzzzz: 1 } as unknown as Stage])),
  );
  expect(known.length).toBeGreaterThan(14);
  for (const name of known.filter((each) => each !== "name" && each !== "train")) {
    expect(guide).toMatch(new RegExp(`^\\| .*\`${name}\`.*\\|`, "m"));
  }
  for (const start of scheduleStarts) expect(guide).toContain(`\`"${start}"\``);
});

test("it has every selection", () => {
  const message = refusalOf(() => checkStages([{ train: "zzzzzzzzzz" as "all", epochs: 1 }]));
  const named = [...message.matchAll(/"(\w+)"|\{ (\w+):/g)].map(([, word, key]) =>
    word === undefined ? `{ ${key}:` : `"${word}"`,
  );
  expect(named.length).toBeGreaterThan(10);
  for (const selection of named) expect(guide).toContain(`\`${selection}`);
});

test.each(schedulerTypes)("it has %s with all of its settings", (type) => {
  const refuse = () => {
    throw new Error("refused");
  };
  const kwargs = { zzzzzzzzzz: 1 } as unknown as SchedulerKwargs;
  const message = refusalOf(() => checkSchedulerKwargs(kwargs, type, { code: "BAD_STAGE", refuse }));
  const row = guide.split("\n").find((line) => line.startsWith("| `") && line.includes(`\`${type}\``)) ?? "";
  const known = message.includes("Known are") ? knownIn(message) : [];
  const told = [...(row.split("|")[3] ?? "").matchAll(/`(\w+)(?:: [^`]+)?`/g)].map(([, name]) => name);
  expect(told.sort()).toEqual([...known].sort());
});
