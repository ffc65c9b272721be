import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const block = (language: string) => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(readme)?.[1] as string;

/** Times and the last digits of results differ from machine to machine; hashes of frozen weights and words do not. */
const withoutNumbers = (text: string) => text.replace(/\d[\d.,:]*/g, "#").trim();

test("the lines in the README run as they stand and print what it says", async () => {
  mkdirSync(`${root}build`, { recursive: true });
  writeFileSync(`${root}build/readme.mjs`, block("ts"));
  const { stdout } = await promisify(execFile)(process.execPath, ["build/readme.mjs"], { cwd: root });
  expect(withoutNumbers(stdout)).toBe(withoutNumbers(block("text")));
}, 300_000);
