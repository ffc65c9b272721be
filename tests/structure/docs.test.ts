import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const blocks = [...read("docs/adding-a-family.md").matchAll(/```\w+ (\S+)\n(.*?)```/gs)];

test("the guide to families shows code", () => {
  expect(blocks.length).toBe(4);
});

test.each(blocks.map(([, file, code]) => [file as string, code as string]))(
  "what it shows of %s is what stands there",
  (file, code) => {
    expect(read(file)).toContain(code);
  },
);
