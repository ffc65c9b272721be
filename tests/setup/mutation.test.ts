/** `npm run mutation` counts what tests notice, and its modules are there. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./scratchClone.ts";

interface Counts {
  readonly killed: number;
  readonly survived: number;
  readonly uncovered: number;
}
type Module = Record<"files" | "tests" | "without", readonly string[] | undefined>;

const { modules, argumentsOf, countChanges, intervalOf, sampleOf, scoreOf, tableOf } = (await import(
  join(repository, "setup", "mutation.mjs")
)) as {
  modules: Record<string, Module>;
  argumentsOf(args: readonly string[]): { names: string[]; options: string[]; sample: number };
  intervalOf(counts: Counts): [number, number];
  sampleOf(files: readonly { path: string; lines: number }[], every: number): string[];
  countChanges(report: { files: Record<string, { mutants: { status: string }[] }> }): Counts;
  scoreOf(counts: Counts): number;
  tableOf(rows: readonly [string, Counts][]): { text: string; total: Counts };
};

test("a change counts as noticed when a test fails or hangs, and not at all when it could not be tried", () => {
  const mutants = ["Killed", "Timeout", "Survived", "NoCoverage", "Ignored", "RuntimeError"].map((status) => ({
    status,
  }));
  const counts = countChanges({ files: { "a.ts": { mutants }, "b.ts": { mutants } } });
  expect(counts).toEqual({ killed: 4, survived: 2, uncovered: 2 });
  expect(scoreOf(counts)).toBe(50);
  expect(scoreOf({ killed: 0, survived: 0, uncovered: 0 })).toBe(100);
});

test("the table has a line for each module, and one for more than one of them", () => {
  const rows: [string, Counts][] = [
    ["wire", { killed: 9, survived: 1, uncovered: 0 }],
    ["plan", { killed: 60, survived: 20, uncovered: 10 }],
  ];
  const { text, total } = tableOf(rows);
  expect(text.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["killed", "survived", "no coverage", "score"],
    ["wire", "9", "1", "0", "90.0 %"],
    ["plan", "60", "20", "10", "66.7 %"],
    ["in total", "69", "21", "10", "69.0 %"],
  ]);
  expect(total).toEqual({ killed: 69, survived: 21, uncovered: 10 });
  expect(tableOf(rows.slice(0, 1)).text.split("\n")).toHaveLength(2);
});

test("modules are asked for by name, and what begins with a dash is Stryker's", () => {
  expect(argumentsOf([])).toEqual({ names: Object.keys(modules), options: [], sample: 1 });
  expect(argumentsOf(["wire", "data", "--mutate", "src/data/split.ts"])).toEqual({
    names: ["data", "wire"],
    options: ["--mutate", "src/data/split.ts"],
    sample: 1,
  });
  expect(argumentsOf(["data", "--force", "--sample", "8", "--incremental"])).toEqual({
    names: ["data"],
    options: ["--force", "--incremental"],
    sample: 8,
  });
  for (const number of ["0", "1.5", "many"]) expect(() => argumentsOf(["--sample", number])).toThrow(/whole number/);
  expect(() => argumentsOf(["wires"])).toThrow(/no module wires/);
});

test("a sample has one in so many pieces of all files, evenly, and says how sure its score is", () => {
  const files = [
    { path: "a.ts", lines: 50 },
    { path: "b.ts", lines: 41 },
  ];
  expect(sampleOf(files, 2)).toEqual(["a.ts:21-40", "b.ts:1-20", "b.ts:41-60"]);
  expect(sampleOf(files, 1)).toHaveLength(6);
  // Wilson's interval for 81 of 100 (Agresti and Coull 1998)
  const [low, high] = intervalOf({ killed: 81, survived: 15, uncovered: 4 });
  expect([low, high].map((percent) => percent.toFixed(1))).toEqual(["72.2", "87.5"]);
});

/** Writes out the braces of a pattern; what has stars is cut to the folder in front of them. */
const pathsOf = (pattern: string): string[] => {
  const [all, before, inside, behind] = /^(.*?)\{(.*?)\}(.*)$/.exec(pattern) ?? [];
  if (all === undefined) return [pattern.replace(/\/[^/]*\*.*$/, "")];
  return (inside ?? "").split(",").flatMap((part) => pathsOf(`${before}${part}${behind}`));
};

test.each(Object.entries(modules))("the files and tests of %s are there", (_, { files, tests, without = [] }) => {
  const paths = [...(files ?? []), ...(tests ?? []), ...without].flatMap(pathsOf);
  expect(paths.length).toBeGreaterThan(1);
  expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
});
