/** The guide to data: its files are written, its code is run, and it prints what the guide says. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { checkDatasetOptions } from "../../src/data/options.ts";

const folder = fileURLToPath(new URL("../../build/data-guide/", import.meta.url));
const guide = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/```(\w+) ?(\S*)\n(.*?)```/gs)].map(([, language, name, text]) => ({
  language,
  name: name as string,
  text: text as string,
}));
const textsOf = (language: string) => blocks.flatMap((block) => (block.language === language ? [block.text] : []));

test("all code of the guide to data runs as it stands, and prints what the guide says", async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of blocks) if (name !== "") writeFileSync(folder + name, text);
  writeFileSync(`${folder}guide.mjs`, textsOf("js").join("\n"));
  const { stdout } = await promisify(execFile)(process.execPath, ["guide.mjs"], { cwd: folder });
  expect(stdout).toBe(textsOf("text").join(""));
});

test("the guide's table has every option of fromCsv", () => {
  const named = [...guide.matchAll(/^\| `(\w+)` \| .* \| .* \|$/gm)].map(([, name]) => name as string);
  const refusal = (() => {
    try {
      checkDatasetOptions({ zzzzzz: 1 } as never, "fromCsv");
    } catch (error) {
      return (error as Error).message;
    }
  })();
  const known = /Known are: (.*)\.$/.exec(refusal ?? "")?.[1]?.split(", ");
  expect([...named].sort()).toEqual([...(known ?? [])].sort());
});
