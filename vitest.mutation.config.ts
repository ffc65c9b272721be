/** The tests that setup/mutation.mjs chooses for the module whose code it changes. */
import { defineConfig } from "vitest/config";

const listed = (name: string) => (process.env[name] ?? "").split(",").filter(Boolean);

export default defineConfig({
  test: {
    setupFiles: ["tests/temporary.ts"],
    include: listed("THAW_MUTATION_TESTS"),
    exclude: listed("THAW_MUTATION_WITHOUT"),
    testTimeout: 60_000,
    env: { THAW_ENGINE: "wasm" }, // Stryker's threads come and go, and TensorFlow's addon loads once into a process
  },
});
