/** `npm test [-- vitest's own arguments]`: set-up, then the tests, then a line `N passed, N failed`. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./files.mjs";
import { contextFrom, runMain, setUp } from "./setUp.mjs";
import { countTests, describeFailures } from "./testCount.mjs";

await runMain(async () => {
  const args = process.argv.slice(2);
  const context = contextFrom(args);
  await setUp(context);
  const report = join(context.root, "build", "tests.json");
  mkdirSync(join(context.root, "build"), { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(context.paths.modules, "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, "run", ...reporters, ...args], {
      cwd: context.root,
      stdio: "inherit",
    });
    child.on("close", (status) => resolve(status ?? 1));
  });
  const results = readJson(report);
  const failures = describeFailures(results, context.root).join("\n");
  writeFileSync(join(context.root, "build", "failed-tests.txt"), failures);
  process.stdout.write(`${failures}\n`);
  const { passed, failed } = countTests(results, code);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : code;
});
