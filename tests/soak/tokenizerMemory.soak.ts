/** A text too long for the memory that there is: an error of the call, and the kernel lives. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { goldenPath } from "../golden/read.ts";
import { Client, errorText, result } from "../kernel/client.ts";

const load = [
  'import { AutoTokenizer } from "thaw";',
  `globalThis.tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});`,
  "tokenizer.encodeBatch(['a b c']).length",
].join("\n");

test.each([6_000_000, 9_000_000])("texts of 60 MB under an address space of %d KB", async (kilobytes) => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-limited-"));
  const node = join(folder, "node");
  writeFileSync(node, `#!/bin/sh\nulimit -v ${kilobytes}\nexec ${JSON.stringify(process.execPath)} "$@"\n`);
  chmodSync(node, 0o755);
  const kernel = await Client.start({ node });
  expect(result(await kernel.finish(kernel.start(load), 60_000))).toBe("1");
  for (const text of ['"a ".repeat(3e7)', '"a".repeat(6e7)', '"世".repeat(6e7)']) {
    const started = performance.now();
    const run = await kernel.finish(kernel.start(`tokenizer(${text}).inputIds[0].length`), 600_000);
    const said = errorText(run);
    // a single word of 60 MB is one unknown token, for which there is memory enough
    if (said === "") expect(result(run)).toBe("3");
    else expect(said).toMatch(/^ThawError: .*failed on a text of 60000000 characters/);
    console.log(
      `${text}: ${said === "" ? "encoded" : "an error"} after ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
    expect(result(await kernel.execute("tokenizer('a b c').inputIds[0].length"))).toBe("5");
  }
  await kernel.stop();
  rmSync(folder, { recursive: true });
});
