/** Checkpoints in Python: transformers opens each one, whole or in shards, with the logits that it has here. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { fastFolder, threeStages } from "../train/checkpoints/threeStages.ts";

const texts = ["a b c", "x y z n", "a z"];

const program = `
import json, sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
found = []
for folder in sys.argv[2:]:
    model, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    batch = AutoTokenizer.from_pretrained(folder)(json.loads(sys.argv[1]), padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model.eval()(**batch).logits.tolist()
    keys = sorted(str(key) for which in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info[which])
    found.append({"logits": logits, "keys": keys, "labels": list(model.config.id2label.values())})
print(json.dumps(found))`;

test("from_pretrained of transformers opens each checkpoint of three stages with equal logits", async () => {
  const folder = fastFolder();
  await (await threeStages(folder)).train();
  const names = readdirSync(folder).filter((name) => name.startsWith("checkpoint-"));
  const folders = names.map((name) => join(folder, name));
  const found = JSON.parse(
    execFileSync(pythonOfGoldens(), ["-c", program, JSON.stringify(texts), ...folders], { encoding: "utf8" }),
  ) as { readonly logits: number[][]; readonly keys: string[]; readonly labels: string[] }[];
  const shards = new Set<number>();
  let furthest = 0;
  for (const [i, checkpoint] of folders.entries()) {
    const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint);
    const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
    const { logits } = model.forward(tokenizer(texts, { padding: true }));
    const here = (logits.arraySync() as number[][]).flat();
    expect(found[i], checkpoint).toMatchObject({ keys: [], labels: ["early", "late"] });
    const there = found[i]?.logits.flat() ?? [];
    expect(there).toHaveLength(here.length);
    furthest = Math.max(furthest, ...here.map((logit, j) => Math.abs(logit - (there[j] as number))));
    shards.add(readdirSync(checkpoint).filter((name) => /^model.*\.safetensors$/.test(name)).length);
    logits.dispose();
    model.dispose();
  }
  console.log(
    `${folders.length} checkpoints of ${[...shards].sort().join(", ")} files of weights: logits within ${furthest}`,
  );
  expect(furthest).toBeLessThanOrEqual(1e-6);
  expect([...shards].sort()).toEqual([1, 2, 3]);
});

test.each([
  ["damage to a file of a checkpoint, 1,000 times", "damage", { THAW_DAMAGE_CASES: "1000" }, /damage: 1000 refused.*/],
  [
    "500 sequences of saves and resumes",
    "retention",
    { THAW_RETENTION_SEQUENCES: "500" },
    /retention: \{"saves":2\d\d\d.*/,
  ],
] as const)("%s", (_, file, counts, pattern) => {
  const path = `tests/train/checkpoints/${file}.test.ts`;
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "tensorflow", path];
  const env = { ...process.env, ...counts };
  const output = execFileSync(process.execPath, args, { encoding: "utf8", env });
  const told = pattern.exec(output)?.[0];
  expect(told, output).toBeDefined();
  console.log(told);
});
