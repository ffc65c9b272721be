/** OpenBLAS is worth having and not worth failing for. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { repository, scratchClone } from "./scratchClone.ts";

test("where it cannot be fetched the set-up goes on without, and does not ask again", () => {
  const clone = scratchClone("environment");
  const url = (file: string) => JSON.stringify(pathToFileURL(join(repository, "setup", file)).href);
  const program = `
    import { createContext } from ${url("context.mjs")};
    import { check, openblasFolder, run } from ${url("steps/openblas.mjs")};
    const context = createContext({ root: process.env.CLONE });
    const before = check(context);
    await run(context);
    console.log("\\n" + JSON.stringify([before, check(context), openblasFolder(context) ?? "none"]));`;
  const env = { HOME: clone.root, PATH: process.env.PATH, CLONE: clone.root, PIP_NO_INDEX: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env,
  });
  expect(status, stderr).toBe(0);
  const [before, after, folder] = JSON.parse(stdout.trim().split("\n").at(-1) as string);
  expect(before).toEqual({ done: false, detail: "not installed" });
  expect(after).toEqual({
    done: true,
    detail: expect.stringMatching(/^none \(.*No matching.*\); TensorFlow multiplies$/),
  });
  expect(folder).toBe("none");
});

test("a folder without its header is none", async () => {
  const clone = scratchClone("environment");
  const { createContext } = await import(pathToFileURL(join(repository, "setup", "context.mjs")).href);
  const { check, openblasFolder } = await import(
    pathToFileURL(join(repository, "setup", "steps", "openblas.mjs")).href
  );
  const { openblasRequirement } = await import(pathToFileURL(join(repository, "setup", "lists.mjs")).href);
  const context = createContext({ root: clone.root });
  const folder = join(clone.root, ".venv", "lib", "python3", "site-packages", "scipy_openblas32");
  mkdirSync(join(folder, "include"), { recursive: true });
  writeFileSync(join(clone.root, ".venv", ".thaw-openblas.json"), JSON.stringify({ requirement: openblasRequirement }));
  expect(openblasFolder(context)).toBeUndefined();
  expect(check(context).done).toBe(false);
  writeFileSync(join(folder, "include", "cblas.h"), "");
  expect(openblasFolder(context)).toBe(folder);
  expect(check(context)).toEqual({ done: true, detail: openblasRequirement });
});
