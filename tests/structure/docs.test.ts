import { existsSync, readdirSync, readFileSync } from "node:fs";
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

const papers = ["README.md", "CONTRIBUTING.md", "environment.md"].concat(
  readdirSync(new URL("../../docs", import.meta.url))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
);

test.each(papers)("every file and folder of the project that %s names is there", (paper) => {
  const named = [
    ...read(paper).matchAll(/`((?:src|kernel|shared|native|cli|setup|bench|tests|notebooks|docs)\/[\w./-]*)`/g),
  ].map(([, path]) => path as string);
  expect(named.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
});

test("the page on the architecture names enough to be wrong", () => {
  expect(read("docs/ARCHITECTURE.md").match(/`(?:src|kernel)\/[\w./-]+`/g)?.length).toBeGreaterThan(60);
});
