/** Models of every family go from Hugging Face to Thaw and back: the same tensors, byte for byte, and the same logits in Python. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AutoModelForSequenceClassification } from "../../src/models/autoModel.ts";
import { writeConfig } from "../../src/models/config/configFile.ts";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { saveModel } from "../../src/train/saveModel.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { golden, goldenPath } from "../golden/read.ts";

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

test("the labels of every config that Python reads, odd ones too, are read there from what is saved as from the file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "thaw-labels-"));
  const { cases } = golden<{ cases: { labels: object; error?: string; id2label: [number, unknown][] }[] }>(
    "config_labels.json",
  );
  const readable = cases.filter(({ error }) => error === undefined);
  for (const [i, { labels }] of readable.entries()) {
    mkdirSync(join(folder, String(i)));
    await writeConfig(join(folder, String(i)), parseConfig({ model_type: "bert", ...labels }));
  }
  const program = [
    "import json, sys",
    "from transformers import AutoConfig",
    "configs = [AutoConfig.from_pretrained(f'{sys.argv[1]}/{i}') for i in range(int(sys.argv[2]))]",
    "print(json.dumps([list(config.id2label.items()) for config in configs]))",
  ].join("\n");
  const found = JSON.parse(
    execFileSync(pythonOfGoldens(), ["-c", program, folder, String(readable.length)], { encoding: "utf8" }),
  );
  const sorted = (entries: [number, unknown][]) => [...entries].sort(([a], [b]) => a - b);
  for (const [i, { id2label, labels }] of readable.entries()) {
    expect(sorted(found[i]), JSON.stringify(labels)).toEqual(sorted(id2label));
  }
  console.log(`${readable.length} configs: the same labels in Python`);
  rmSync(folder, { recursive: true });
});

const texts = ["a b c", "Zebra, yes: no!", "the quick brown fox jumps over the lazy dog"];
const seconds = ["of a pair", "É ü", "x"];

test.each(["xlnet", "albert", "bert", "roberta", "deberta-v2"])(
  "a saved %s tokenizer gives in Python the ids and types that it gives here, of texts and of pairs",
  async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "thaw-tokenizer-"));
    const tokenizer = await AutoTokenizer.fromPretrained(goldenPath(`tokenizers/${kind}`));
    await tokenizer.save(folder);
    const given = { texts, pairs: texts.map((text, i) => [text, seconds[i]]) };
    const program = [
      "import json, sys",
      "from transformers import AutoTokenizer",
      "tokenizer, given = AutoTokenizer.from_pretrained(sys.argv[1]), json.load(sys.stdin)",
      "print(json.dumps([dict(tokenizer(t, padding=True)) for t in (given['texts'], [tuple(p) for p in given['pairs']])]))",
    ].join("\n");
    const options = { input: JSON.stringify(given), encoding: "utf8" } as const;
    const inPython = JSON.parse(execFileSync(pythonOfGoldens(), ["-c", program, folder], options));
    const here = [tokenizer(texts, { padding: true }), tokenizer(texts, { padding: true, textPair: seconds })];
    for (const [i, { inputIds, attentionMask, tokenTypeIds }] of here.entries()) {
      const { input_ids, attention_mask, token_type_ids } = inPython[i];
      expect(input_ids).toEqual(inputIds);
      expect(attention_mask).toEqual(attentionMask);
      // RoBERTa has none, of all zeros
      expect(token_type_ids ?? inputIds.map((row) => row.map(() => 0))).toEqual(tokenTypeIds);
    }
    console.log(
      `${kind}: ${readFileSync(join(folder, "tokenizer_config.json"), "utf8").includes("token_type_ids") ? "asks for token types" : "as it was"}`,
    );
    rmSync(folder, { recursive: true });
  },
);
