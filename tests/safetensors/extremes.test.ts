/** Files that are meant to cost time or memory. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../src/safetensors/read.ts";
import { fileOf } from "./damaged.ts";

let folder = "";
const path = () => join(folder, "model.safetensors");
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-extremes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What opening it says and costs. */
async function cost(): Promise<{ says: string; ms: number }> {
  const start = performance.now();
  const says = await readSafetensors(path()).then(
    (file) => `${file.names.length} tensors`,
    (error) => (error as Error).message,
  );
  return { says, ms: performance.now() - start };
}

test("a sparse file of 8 TB whose header claims 100 MB is refused in little time", async () => {
  const file = openSync(path(), "w");
  writeSync(file, fileOf("{}", 0, 100_000_000n));
  ftruncateSync(file, 2 ** 43);
  closeSync(file);
  const { says, ms } = await cost();
  expect(says).toMatch(/not a valid safetensors file: expected the end/);
  expect(ms).toBeLessThan(10_000);
});

test("a header of 20 MB of opening brackets, of one name, of spaces", async () => {
  for (const [header, message] of [
    ["[".repeat(20_000_000), /nested deeper than 127/],
    [`{"${"a".repeat(20_000_000)}":1}`, /its entry is not an object/],
    [`{${" ".repeat(20_000_000)}}`, /^0 tensors$/],
    [`{"a":${"9".repeat(20_000_000)}}`, /too large/],
  ] as const) {
    writeFileSync(path(), fileOf(header));
    const { says, ms } = await cost();
    expect(says).toMatch(message);
    expect(says.length).toBeLessThan(500);
    expect(ms).toBeLessThan(10_000);
  }
});

test("200,000 tensors of no elements are read in time that grows with their number", async () => {
  const header = (count: number) =>
    `{${Array.from({ length: count }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join(",")}}`;
  writeFileSync(path(), fileOf(header(20_000)));
  const few = await cost();
  writeFileSync(path(), fileOf(header(200_000)));
  const many = await cost();
  expect([few.says, many.says]).toEqual(["20000 tensors", "200000 tensors"]);
  expect(many.ms).toBeLessThan(20_000);
});
