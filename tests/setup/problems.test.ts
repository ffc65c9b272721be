/** Each thing that a machine may lack is named by one message of three parts, without a stack trace. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addProgram, type Outcome, runSetup, scratchClone } from "./scratchClone.ts";

/** Nobody listens on this port. */
const nowhere = "http://127.0.0.1:9";

function expectProblem(outcome: Outcome, title: string, ...parts: string[]): void {
  expect(outcome.code, outcome.stderr).toBe(1);
  expect(outcome.stderr).toContain(title);
  for (const part of ["Looked for:", "Found:", "Do:", ...parts]) expect(outcome.stderr).toContain(part);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
}

test.each(["18.20.4", "20.18.3", "21.7.3", "22.11.0", "27.0.0"])(
  "Node.js %s is refused before anything else",
  (version) => {
    const clone = scratchClone("nothing");
    const outcome = runSetup(clone, "setup.mjs", [`--node-version=${version}`]);
    expectProblem(outcome, "This Node.js cannot run Thaw.", "22.12 to 26", version);
    expect(existsSync(join(clone.root, ".thaw"))).toBe(false);
  },
);

test("a full disk is noticed before anything is fetched", () => {
  const outcome = runSetup(scratchClone("nothing"), "setup.mjs", ["--free-bytes=1000000000"]);
  expectProblem(outcome, "Not enough room on the disk.", "1.0 GB free", "npm packages", "TensorFlow");
});

test("folders that are links to another clone's are not made anew", () => {
  const clone = scratchClone("nothing");
  const theirs = join(clone.root, "theirs");
  mkdirSync(theirs);
  writeFileSync(join(theirs, "kept"), "");
  symlinkSync(theirs, join(clone.root, "node_modules"));
  expectProblem(runSetup(clone, "setup.mjs"), "node_modules is a link", theirs);
  expect(readdirSync(theirs)).toEqual(["kept"]);
});

test("a missing npm is named", () => {
  const clone = scratchClone("nothing");
  expectProblem(runSetup(clone, "setup.mjs", [], { path: clone.bin }), "npm is missing.", clone.bin);
});

test("npm without a network says that, and a second run begins again", () => {
  const clone = scratchClone("nothing");
  for (const _ of [1, 2]) {
    const outcome = runSetup(clone, "setup.mjs", [], { env: { npm_config_registry: nowhere } });
    expectProblem(outcome, "npm could not reach the npm registry", "ECONNREFUSED");
  }
});

test("a missing Python is named, with every place that was looked at", () => {
  const clone = scratchClone("packages");
  expectProblem(
    runSetup(clone, "setup.mjs", [], { path: clone.bin }),
    "No Python that can be used.",
    "3.10 to 3.13",
    "none of them",
  );
});

test("a Python that is too old is shown with its version", () => {
  const clone = scratchClone("packages");
  addProgram(clone, "python3", "echo 3.9.2 yes");
  expectProblem(
    runSetup(clone, "setup.mjs", [], { path: clone.bin }),
    "No Python that can be used.",
    "python3 (3.9.2)",
  );
});

test("a Python without the module venv says which package has it", () => {
  const clone = scratchClone("packages");
  addProgram(clone, "python3", "echo 3.11.2 no");
  const outcome = runSetup(clone, "setup.mjs", [], { path: clone.bin });
  expectProblem(outcome, "Python cannot make an environment here.", "apt install python3-venv", "Python 3.11.2");
});

test("pip without a network says that", () => {
  const clone = scratchClone("environment");
  writeFileSync(join(clone.root, ".venv", ".thaw-packages.json"), "{}");
  const outcome = runSetup(clone, "setup.mjs", [], {
    env: { PIP_INDEX_URL: nowhere, PIP_RETRIES: "1", PIP_CONFIG_FILE: "/dev/null" },
  });
  expectProblem(outcome, "pip could not reach the Python package index", "onnect");
});

test("a missing compiler is named, and CXX is believed", () => {
  const clone = scratchClone("tensorflow");
  const without = runSetup(clone, "setup.mjs", [], { path: clone.bin });
  expectProblem(without, "No C++ compiler.", "c++, g++ or clang++", "apt install g++");
  expectProblem(
    runSetup(clone, "setup.mjs", [], { env: { CXX: "/nowhere/c++" } }),
    "No C++ compiler.",
    "CXX=/nowhere/c++",
  );
});

test("a compiler that fails is quoted, and leaves no half addon", () => {
  const clone = scratchClone("tensorflow");
  addProgram(
    clone,
    "c++",
    '[ "$1" = --version ] && echo fake 1.0 && exit 0\nfor last; do :; done\necho half > "$last"\necho "fatal error: cstdint: No such file" >&2\nexit 1',
  );
  expectProblem(runSetup(clone, "setup.mjs"), "The TensorFlow addon could not be built.", "fatal error: cstdint");
  expect(readdirSync(join(clone.root, "node_modules", "@tensorflow", "tfjs-node-gpu", "lib", "napi-v8"))).toEqual([]);
});

test("a lock that a killed set-up left behind holds nobody up", () => {
  const clone = scratchClone("nothing");
  mkdirSync(join(clone.root, ".thaw"));
  writeFileSync(join(clone.root, ".thaw", "setup.lock"), "4194305");
  expectProblem(runSetup(clone, "setup.mjs", [], { path: clone.bin }), "npm is missing.");
});

test("npm start names the notebooks there are when none begins as asked", () => {
  const clone = scratchClone("nothing");
  mkdirSync(join(clone.root, "notebooks"));
  writeFileSync(join(clone.root, "notebooks", "01-first.ipynb"), "{}");
  expectProblem(
    runSetup(clone, "start.mjs", ["--only", "09"]),
    "There is no such notebook.",
    "01-first.ipynb",
    "begin with 09",
  );
});
