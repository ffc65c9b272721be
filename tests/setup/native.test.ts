/** The fused operations are worth having and not worth failing for. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { addProgram, repository, type ScratchClone, scratchClone } from "./scratchClone.ts";

/** Runs the step on the clone; what it printed, and what `check` says before and after. */
function runStep(clone: ScratchClone, path: string) {
  const url = (file: string) => JSON.stringify(pathToFileURL(join(repository, "setup", file)).href);
  const program = `
    import { createContext } from ${url("context.mjs")};
    import { fusedOperations } from ${url("steps/native.mjs")};
    const context = createContext({ root: process.env.CLONE });
    const before = fusedOperations.check(context);
    if (!before.done) await fusedOperations.run(context);
    console.log("\\n" + JSON.stringify({ before, after: fusedOperations.check(context) }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { HOME: clone.root, PATH: path, CLONE: clone.root },
  });
  expect(status, stderr).toBe(0);
  return { stdout, ...JSON.parse(stdout.trim().split("\n").at(-1) as string) };
}

function cloneWithSources(): ScratchClone {
  const clone = scratchClone("tensorflow");
  mkdirSync(join(clone.root, "native"));
  writeFileSync(join(clone.root, "native", "thaw_ops.cc"), "");
  mkdirSync(join(clone.root, "node_modules", "@tensorflow", "tfjs-node-gpu", "lib", "napi-v8"), { recursive: true });
  return clone;
}

test("a compiler that fails is quoted once, and the set-up goes on without", () => {
  const clone = cloneWithSources();
  addProgram(
    clone,
    "c++",
    '[ "$1" = --version ] && echo fake 1.0 && exit 0\necho "fatal error: no header" >&2\nexit 1',
  );
  const path = [clone.bin, process.env.PATH].join(delimiter);
  const library = join(clone.root, "node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/thaw_ops.node");
  writeFileSync(library, "of other sources");
  const first = runStep(clone, path);
  expect(first.stdout).toContain("fatal error: no header");
  expect(first.stdout).toContain("Training works without them");
  expect(first.before).toEqual({ done: false, detail: "not built" });
  expect(first.after).toEqual({
    done: true,
    detail: "none (the compiler ended with code 1); slower ones are used",
  });
  expect(existsSync(library)).toBe(false);
  expect(runStep(clone, path).before.done).toBe(true);
  writeFileSync(join(clone.root, "native", "thaw_ops.cc"), "// changed");
  expect(runStep(clone, path).before).toEqual({
    done: false,
    detail: "built for another source, wheel, compiler or processor",
  });
});

test("without a compiler the set-up goes on without", () => {
  const clone = cloneWithSources();
  expect(runStep(clone, clone.bin).after).toEqual({
    done: true,
    detail: "none (no C++ compiler); slower ones are used",
  });
});
