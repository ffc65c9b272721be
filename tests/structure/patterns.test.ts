/** A pattern within the object of `toMatchObject` or `objectContaining` matches any text: it is no check. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const tests = join(import.meta.dirname, "..");

test("a bare pattern matches whatever there is, which is why tests wrap theirs", () => {
  expect({ message: "something else" }).toMatchObject({ message: /wanted/ });
  expect({ message: "something else" }).not.toMatchObject({ message: expect.stringMatching(/wanted/) });
});

test("no test expects a message by a bare pattern", () => {
  const files = readdirSync(tests, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(test|soak)\.ts$/.test(name),
  );
  expect(files.length).toBeGreaterThan(300);
  const bare = files
    .filter((name) => !name.endsWith("patterns.test.ts"))
    .flatMap((name) => {
      const text = readFileSync(join(tests, name), "utf8");
      return [...text.matchAll(/\bmessage:\s*\/(?![/*])/g)].map(
        ({ index }) => `${name}:${text.slice(0, index).split("\n").length}`,
      );
    });
  expect(bare).toEqual([]);
});
