import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, printed, result } from "../client.ts";

const built = existsSync(join(import.meta.dirname, "../../../native/stdio/build/stdio.node"));
if (!built)
  console.log("capture: native/stdio is not built (node setup/setup.mjs builds it), so its tests are skipped");

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

test.runIf(built).each<[what: string, code: string, name: string, text: string]>([
  ["a write to descriptor 1", "require('fs').writeSync(1, 'raw\\n')", "stdout", "raw\n"],
  ["a write to descriptor 2", "require('fs').writeSync(2, 'raw\\n')", "stderr", "raw\n"],
  [
    "a character torn over two writes",
    "const b = Buffer.from('é'); for (const x of b) require('fs').writeSync(1, Buffer.of(x))",
    "stdout",
    "é",
  ],
  ["Node's own warnings", "process._rawDebug('seen')", "stderr", "seen\n"],
  [
    "more than a pipe holds",
    "require('fs').writeSync(1, 'x'.repeat(3_000_000)); require('fs').writeSync(1, 'end')",
    "stdout",
    `${"x".repeat(3_000_000)}end`,
  ],
  [
    "text before and after a child",
    "console.log('a'); require('child_process').execSync('echo b', { stdio: 'inherit' }); console.log('c')",
    "stdout",
    "a\nb\nc\n",
  ],
])("%s is shown before the cell ends", async (_, code, name, text) => {
  const run = await client.execute(code);
  expect(printed(run, name) === text).toBe(true); // a difference of megabytes is better not shown
});

test.runIf(built)("what native code prints while the cell blocks is shown at once", async () => {
  await client.execute("1");
  const id = client.start(
    "require('fs').writeSync(1, 'first'); const end = Date.now() + 700; while (Date.now() < end);",
  );
  await client.until(() => client.iopub.some(({ content }) => content.text === "first"), 5000);
  expect(
    client.iopub.some(({ parentHeader, content }) => parentHeader.msg_id === id && content.execution_state === "idle"),
  ).toBe(false);
  await client.finish(id);
});

test("the kernel's own log is not captured", async () => {
  client.sendFrames([Buffer.from("nonsense")]);
  await client.until(() => client.log.includes("ignored"));
  expect(result(await client.execute("1 + 1"))).toBe("2");
});
