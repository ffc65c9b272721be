/**
 * The second tier: what takes hundreds of rounds. `npm run test:soak [-- name of a file]`, one file at a time.
 * `THAW_TEST_NODE=/path/to/node` chooses the Node that runs the kernels.
 */
import { execFileSync } from "node:child_process";
import { defineConfig } from "vitest/config";
import type { Reporter, TestModule } from "vitest/node";

const node = process.env.THAW_TEST_NODE ?? process.execPath;

/** Says last what was run on which Node, so that a kept log speaks for itself. */
const verdict: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.state() === "failed" && module.children.size === 0).length;
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    console.log(`soak, kernels on Node ${version}: ${count("passed")} passed, ${count("failed") + broken} failed`);
  },
};

export default defineConfig({
  test: {
    include: ["tests/soak/**/*.soak.ts"],
    setupFiles: ["tests/temporary.ts"],
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
    reporters: ["verbose", verdict],
  },
});
