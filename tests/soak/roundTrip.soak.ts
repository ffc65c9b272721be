/** Models of every family go from Hugging Face to Thaw and back: the same tensors, byte for byte, and the same logits in Python. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { saveModel } from "../../src/trainer/saveModel.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";

interface Compared {
  readonly class: boolean;
  readonly labels: boolean;
  readonly wrong_keys: readonly string[];
  readonly tensors: number;
  readonly other_tensors: readonly string[];
  readonly logits: number;
}

const python = (action: string, root: string) =>
  execFileSync(pythonOfGoldens(), [goldenPath("round_trip.py"), action, root], { encoding: "utf8" });

test("every family comes back with equal tensors, labels and logits", async () => {
  const root = mkdtempSync(join(tmpdir(), "thaw-round-trip-"));
  python("make", root);
  const names = readdirSync(root).sort();
  for (const name of names) {
    const model = await AutoModelForSequenceClassification.fromPretrained(join(root, name, "theirs"));
    expect(model.newlyInitialized, name).toEqual([]);
    expect(model.unused, name).toEqual([]);
    await saveModel(join(root, name, "ours"), model, undefined);
    model.dispose();
  }
  const { models } = JSON.parse(python("compare", root)) as { models: Record<string, Compared> };
  expect(Object.keys(models).sort()).toEqual(names);
  for (const [name, { tensors, ...found }] of Object.entries(models)) {
    expect(found, name).toEqual({ class: true, labels: true, wrong_keys: [], other_tensors: [], logits: 0 });
    console.log(`${name}: ${tensors} tensors byte-equal, logits equal`);
  }
  rmSync(root, { recursive: true });
});
