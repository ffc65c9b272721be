import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { expect, test } from "vitest";
import { hasBfloat16 } from "../../src/tensor/precision.ts";
import { sessionInfo } from "../../src/train/sessionInfo.ts";

test("versions and sizes that a result depends on, and nothing that names the machine or its user", () => {
  const { entries } = sessionInfo();
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(entries).toMatchObject({ thaw: version, Node: process.versions.node, "TensorFlow.js": "4.22.0" });
  const engine =
    process.env.THAW_ENGINE === "wasm" ? /^WebAssembly \(wasm\)$/ : /^TensorFlow 2\.\d+\.\d+ \((cpu|gpu)\)$/;
  expect(entries.engine).toMatch(engine);
  expect(entries["fused operations"]).toMatch(/^(native|composed)$/);
  expect(entries["bfloat16 instructions"]).toBe(hasBfloat16() ? "yes" : "no");
  const text = String(sessionInfo());
  for (const secret of [hostname(), homedir(), process.cwd()]) expect(text).not.toContain(secret);
});
