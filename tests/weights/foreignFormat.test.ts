/** Goal 25: whatever lies in a model's folder, it is refused by what it is, and nothing of it runs. */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ThawError } from "../../src/errors.ts";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { foreignFormat } from "../../src/weights/foreignFormat.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { goldenPath } from "../golden/read.ts";
import { foreignFiles } from "./foreignFiles.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-foreign-"));
  cpSync(goldenPath("bert-tiny/config.json"), join(folder, "config.json"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("there are 30 files and more", () => {
  expect(foreignFiles.length).toBeGreaterThanOrEqual(30);
});

test.each(foreignFiles)("$title as $file is refused by its content", async ({ file, content, code, message }) => {
  writeFileSync(join(folder, file), content);
  const error = await AutoModelForSequenceClassification.fromPretrained(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ThawError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect((error as ThawError).message).toContain(file);
  for (const place of [folder, process.cwd()]) expect(existsSync(join(place, "thaw-was-here"))).toBe(false);
});

test("a shard is refused by its content as well", async () => {
  cpSync(goldenPath("bert-tiny-shards"), folder, { recursive: true });
  writeFileSync(join(folder, "model-00002-of-00003.safetensors"), "\x80\x04\x95", "latin1");
  await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toMatchObject({
    code: "WRONG_FORMAT",
    message: expect.stringMatching(/model-00002-of-00003.safetensors is a pickle/),
  });
});

test("a safetensors file whose length looks like a pickle is read", async () => {
  const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(0x0280, " "); // 80 02: protocol 2
  const length = Buffer.from(BigUint64Array.of(BigInt(header.length)).buffer);
  const path = join(folder, "model.safetensors");
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]));
  expect(foreignFormat(path)).toMatchObject({ reader: "safetensors" });
  expect((await openWeights(folder)).names).toEqual(["w"]);
});
