/** The tests that setup/mutation.mjs chooses for the module whose code it changes. */
import { defineConfig } from "vitest/config";

const { tests, without, pool } = JSON.parse(process.env.THAW_MUTATION ?? "{}");

export default defineConfig({
  // Stryker asks for threads on its command line, which goes before what a configuration says.
  plugins: [
    {
      name: "pool",
      configureVitest({ project }) {
        project.config.pool = pool;
      },
    },
  ],
  test: {
    setupFiles: ["tests/temporary.ts"],
    include: tests,
    exclude: without,
    testTimeout: 600_000, // changed code counts its calls, which takes many times as long
    env: { THAW_ENGINE: "wasm" }, // threads come and go, and TensorFlow's addon loads once into a process
  },
});
