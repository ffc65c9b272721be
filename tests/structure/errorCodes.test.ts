/** Errors have stable codes: those of the types, of the sources and of the reference page are the same. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const declared = new Set(
  [...read("shared/codedError.ts").matchAll(/\| "(\w+)"|= "(\w+)"/g)].map(
    ([, code, first]) => (code ?? first) as string,
  ),
);

const sources = ["src", "kernel", "cli", "setup", "bench"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => ({ file: join(folder, name), text: read(join(folder, name)) })),
);

test("the reference page has one row for every code, and no other", () => {
  const rows = [...read("docs/errors.md").matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)].map(
    ([, code]) => code as string,
  );
  expect(rows.length).toBeGreaterThan(100);
  expect([...rows].sort()).toEqual([...declared].sort());
});

test("every code is used somewhere, and errors are given no code but those", () => {
  const written = sources.map(({ text }) => text).join("\n");
  expect([...declared].filter((code) => !new RegExp(`["'\`]${code}["'\`]|^ {2}${code}:`, "m").test(written))).toEqual(
    [],
  );
  const given = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/(?:Error\(\s*|\bcode: )"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"/g)].map(
      ([, code]) => `${file}: ${code}`,
    ),
  );
  expect(given.length).toBeGreaterThan(150);
  const nodes = new Set(["ERR_MODULE_NOT_FOUND", "ERR_INVALID_ARG_TYPE", "ERR_REQUIRE_ASYNC_MODULE"]); // what Node would throw itself
  const alarms = new Set(
    [...read("src/train/alarms.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code]) => code as string),
  );
  expect(alarms.size).toBe(9);
  const known = (code: string) => declared.has(code) || nodes.has(code) || alarms.has(code);
  expect(given.filter((use) => !known(use.split(": ")[1] as string))).toEqual([]);
});
