import { defineConfig } from "vitest/config";

/** What computes: these tests run on WebAssembly as well, which stands in where TensorFlow is missing. */
const onBothEngines = [
  "nn/**",
  "tensor/**",
  "task/**",
  "optim/**",
  "models",
  "evaluate/**",
  "cache/**",
  "train/**",
].map((name) => `tests/${name}/*.test.ts`);

export default defineConfig({
  test: {
    pool: "forks", // native addons (TensorFlow, zeromq) may not be loaded twice into one process
    maxWorkers: 2,
    setupFiles: ["tests/temporary.ts"],
    coverage: {
      provider: "v8",
      include: ["{shared,src,kernel,cli}/**/*.ts"],
      reporter: ["text", "text-summary"],
      reportsDirectory: "build/coverage",
    },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "tensorflow", include: ["tests/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "wasm",
          include: onBothEngines,
          // records, checkpoints, callbacks and stops are the same whatever computes
          exclude: [
            "tests/tensor/fallback.test.ts",
            "tests/train/checkpoints/**",
            "tests/train/{callbacks,computeMetrics,findLearningRate,labelNames,misuse,nonFiniteInjection}.test.ts",
            "tests/train/{resume,runRecorder,savedRecord,stageEvidence,stopped}.test.ts",
          ],
          env: { THAW_ENGINE: "wasm" },
        },
      },
    ],
  },
});
