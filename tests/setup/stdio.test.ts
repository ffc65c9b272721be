/** The addon that shows what native code prints is built with one call, and its absence is no failure. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { addProgram, repository, type ScratchClone, scratchClone } from "./scratchClone.ts";

/** What the step says before and after it ran on the clone. */
function runStep(clone: ScratchClone, path: string) {
  const url = (file: string) => JSON.stringify(pathToFileURL(join(repository, "setup", file)).href);
  const program = `
    import { createContext } from ${url("context.mjs")};
    import { nativeOutput } from ${url("steps/native.mjs")};
    const context = createContext({ root: process.env.CLONE });
    const before = nativeOutput.check(context);
    if (!before.done) await nativeOutput.run(context);
    console.log("\\n" + JSON.stringify({ before, after: nativeOutput.check(context) }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { HOME: clone.root, PATH: path, CLONE: clone.root },
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

function cloneWithSource(): ScratchClone {
  const clone = scratchClone("packages");
  mkdirSync(join(clone.root, "native", "stdio"), { recursive: true });
  copyFileSync(join(repository, "native", "stdio", "stdio.c"), join(clone.root, "native", "stdio", "stdio.c"));
  const headers = join("node_modules", "node-api-headers");
  symlinkSync(join(repository, headers), join(clone.root, headers));
  return clone;
}

test("it is built once, and loads", () => {
  const clone = cloneWithSource();
  const { before, after } = runStep(clone, String(process.env.PATH));
  expect([before.detail, after]).toEqual(["not built", { done: true, detail: "shown under its cell" }]);
  expect(existsSync(join(clone.root, "native", "stdio", "build", "stdio.node"))).toBe(true);
  expect(runStep(clone, String(process.env.PATH)).before.done).toBe(true);
});

test("a compiler that fails, and none at all, are told and are no failure", () => {
  const clone = cloneWithSource();
  addProgram(clone, "c++", '[ "$1" = --version ] && echo fake 1.0 && exit 0\nexit 1');
  const { after } = runStep(clone, [clone.bin, process.env.PATH].join(delimiter));
  expect(after).toEqual({ done: true, detail: "not shown (the compiler ended with code 1); it goes to the log" });
  const bare = cloneWithSource();
  expect(runStep(bare, bare.bin).after.detail).toBe("not shown (no C++ compiler); it goes to the log");
});
