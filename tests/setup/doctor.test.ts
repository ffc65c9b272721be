/** The doctor works from nothing and changes nothing; with everything there, the set-up only looks. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository, runSetup, scratchClone } from "./scratchClone.ts";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

const names = [
  ...["Node.js", "npm packages", "Python environment", "JupyterLab and plotly", "TensorFlow", "TensorFlow addon"],
  ...[
    "Fused operations",
    "Output of native code",
    "MiniLM model",
    "rated texts",
    "TypeScript build",
    "thaw command",
    "Jupyter kernel",
  ],
  ...["addon loads", "NVIDIA GPU", "npm", "C++ compiler", "JupyterLab's plotly renderer", "free disk"],
];

test("on a bare clone every state is told, the code is 1, and nothing is made", () => {
  const clone = scratchClone("nothing");
  const { code, stdout } = runSetup(clone, "doctor.mjs", ["--json"]);
  const report = JSON.parse(stdout) as Report;
  expect(report.checks.map(({ name }) => name)).toEqual(names);
  for (const check of report.checks)
    expect(check).toEqual({ name: check.name, ok: expect.any(Boolean), detail: expect.any(String) });
  expect(report.ok).toBe(false);
  expect(code).toBe(1);
  expect(existsSync(join(clone.root, ".thaw"))).toBe(false);
});

test("for people it marks what is missing and says what makes it", () => {
  const { stdout } = runSetup(scratchClone("packages"), "doctor.mjs");
  expect(stdout).toMatch(/^ok {2}npm packages +1 packages$/m);
  expect(stdout).toMatch(/^-- {2}Python environment +not made$/m);
  expect(stdout).toContain("node setup/setup.mjs");
});

test.each(["20.19.0", "22.12.0", "23.0.0", "26.1.0"])("Node.js %s is a version for Thaw", (version) => {
  const { stdout } = runSetup(scratchClone("nothing"), "doctor.mjs", ["--json", `--node-version=${version}`]);
  expect((JSON.parse(stdout) as Report).checks[0]).toMatchObject({ name: "Node.js", ok: true });
});

test.each([
  ["1.0.0", "1.0.1", { ok: false, detail: "package-lock.json has changed" }],
  ['"requires":true', '"requires":false', { ok: true, detail: "1 packages" }],
])("a lock file with other versions makes the packages be installed again: %s to %s", (before, after, state) => {
  const clone = scratchClone("packages");
  const lock = join(clone.root, "package-lock.json");
  const text = readFileSync(lock, "utf8");
  expect(text).toContain(before);
  writeFileSync(lock, text.replaceAll(before, after));
  const [, packages] = (JSON.parse(runSetup(clone, "doctor.mjs", ["--json"]).stdout) as Report).checks;
  expect(packages).toMatchObject(state);
});

test("an environment that was made in another folder is made again", () => {
  const clone = scratchClone("environment");
  writeFileSync(join(clone.root, ".venv", "bin", "activate"), "VIRTUAL_ENV=/before/.venv\n");
  const [, , environment] = (JSON.parse(runSetup(clone, "doctor.mjs", ["--json"]).stdout) as Report).checks;
  expect(environment).toMatchObject({ ok: false, detail: "made in another folder" });
});

test("with everything there the set-up takes under 3 s and says so", () => {
  const program = (name: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(repository, "setup", name), ...args], { encoding: "utf8" });
  // Asked first: were something missing, the set-up would begin to make it under the other tests.
  const { checks } = JSON.parse(program("doctor.mjs", "--json").stdout) as Report;
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  const start = performance.now();
  const { stdout, status } = program("setup.mjs");
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/^Everything is set up \(looked at in \d\.\d s\)\.$/m);
  expect(performance.now() - start).toBeLessThan(3000);
});
