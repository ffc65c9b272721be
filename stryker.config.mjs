/** Mutation testing of one module, as setup/mutation.mjs asks for it: `npm run mutation` says more. */

/** @type {{ name: string, files: string[] }} */
const { name, files } = JSON.parse(process.env.THAW_MUTATION ?? '{ "name": "none", "files": [] }');

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: files,
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "vitest.mutation.config.ts" },
  coverageAnalysis: "perTest",
  ignoreStatic: true, // what runs once, at import, would need a process for each change
  mutator: { excludedMutations: ["StringLiteral"] }, // texts of messages are read by people, not by tests
  ignorePatterns: ["/.thaw", "/.venv", "/build", "/dist", "/bench", "/notebooks", "/docs", "/reports"],
  reporters: ["json", "progress-append-only"],
  jsonReporter: { fileName: `build/mutation/${name}.json` },
  incrementalFile: `build/mutation/${name}.incremental.json`, // used only with --incremental
  tempDirName: "build/mutation/sandboxes",
  dryRunTimeoutMinutes: 30,
  timeoutMS: 10_000,
};
