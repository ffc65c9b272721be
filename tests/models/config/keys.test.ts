import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ThawError } from "../../../src/errors.ts";
import { AutoModelForSequenceClassification } from "../../../src/models/autoModel.ts";
import { useOfKey } from "../../../src/models/config/keys.ts";
import { parseConfig } from "../../../src/models/config/parseConfig.ts";
import { families } from "../../../src/models/families.ts";
import type { SequenceClassifier } from "../../../src/models/sequenceClassifier.ts";
import { writeSafetensors } from "../../../src/weights/safetensors/write.ts";
import { golden } from "../../golden/read.ts";
import { familyOf, formulaWeight, type GoldenBatch, paddedBatch } from "../familyModel.ts";

interface FamilyGolden extends Omit<GoldenBatch, "labels"> {
  readonly config: Record<string, unknown>;
  readonly logits: number[][];
  readonly keys: readonly string[];
  /** Key, value, and what transformers computes then: the same, other logits, or the name of its error. */
  readonly changes: readonly (readonly [key: string, value: unknown, outcome: string | number[][]])[];
}

const { made_with: _, ...byType } = golden<Record<string, FamilyGolden>>("config_keys.json");
const types = Object.keys(byType);
const folder = mkdtempSync(join(tmpdir(), "thaw-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the golden speaks of every family", () => {
  expect([...types].sort()).toEqual(families.map(({ modelType }) => modelType).sort());
});

test.each(types)(
  "every key that transformers has or reads for %s is read here, refused, or known to change nothing",
  (type) => {
    const { keys } = byType[type] as FamilyGolden;
    const family = familyOf(type).keys;
    expect(keys.length).toBeGreaterThan(80);
    expect(keys.filter((key) => useOfKey(key, family) === undefined)).toEqual([]);
  },
);

/** Opens a folder with this config and weights by the formula, as a user would; undefined where it is refused. */
async function open(json: Record<string, unknown>): Promise<SequenceClassifier | undefined> {
  writeFileSync(join(folder, "config.json"), JSON.stringify(json));
  try {
    const config = parseConfig(json);
    const specs = familyOf(config.modelType).parameters(config);
    const tensors = specs.map(({ name, shape }) => ({ name, shape, data: formulaWeight({ name, shape }) }));
    await writeSafetensors(join(folder, "model.safetensors"), tensors);
    return await AutoModelForSequenceClassification.fromPretrained(folder);
  } catch (error) {
    expect(error, JSON.stringify(json)).toBeInstanceOf(ThawError);
    expect((error as ThawError).code, String(error)).toBe("BAD_CONFIG");
    return undefined;
  }
}

/** What of a config the computation may depend on, but for the keys that a family reads by itself. */
function computed(json: Record<string, unknown>): unknown {
  const { raw: _raw, ...config } = parseConfig(json);
  return config;
}

describe.each(types)("a config.json of %s", (type) => {
  const { config, changes, logits, ...batch } = byType[type] as FamilyGolden;
  const own = familyOf(type).keys.own ?? [];

  test("with any key changed is computed as transformers computes it, or refused", async () => {
    vi.spyOn(console, "info").mockImplementation(() => {});
    let [compared, refused, unread] = [0, 0, 0];
    for (const [key, value, outcome] of [["model_type", type, logits] as const, ...changes]) {
      if (typeof outcome === "string" && outcome !== "same") continue; // transformers does not open it either
      const json = { ...config, [key]: value };
      const isRead = own.includes(key) || key === "model_type";
      if (outcome === "same" && !isRead && isSame(json, config)) {
        unread++; // nothing that is computed from depends on it
        continue;
      }
      const model = await open(json);
      if (model === undefined) {
        refused++;
        continue;
      }
      const expected = outcome === "same" ? logits : outcome;
      const output = model.forward(paddedBatch(batch)).logits;
      const found = output.arraySync();
      const furthest = Math.max(...found.flatMap((row, i) => row.map((x, j) => Math.abs(x - (expected[i]?.[j] ?? 9)))));
      expect(furthest, `${key}: ${JSON.stringify(value)}`).toBeLessThan(2e-5);
      output.dispose();
      model.dispose();
      compared++;
    }
    console.log(`${type}: ${compared} configs with equal logits, ${unread} that change nothing, ${refused} refused`);
    expect(compared).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(0);
  });

  const isSame = (json: Record<string, unknown>, base: Record<string, unknown>): boolean => {
    try {
      return isDeepStrictEqual(computed(json), computed(base));
    } catch {
      return false;
    }
  };
});

// logits of five families differ by 0.4 to 0.8 under it
test.each(["bert", "roberta", "xlm-roberta", "camembert", "electra"])(
  "a %s that is a decoder is refused, and what the message says makes a classifier of it",
  async (type) => {
    const { config, logits, ...batch } = byType[type] as FamilyGolden;
    expect(() => parseConfig({ ...config, is_decoder: true })).toThrow(
      expect.objectContaining({
        code: "BAD_CONFIG",
        message: expect.stringMatching(/"is_decoder" is true.* left to right only.*Set it to false in config.json/),
      }),
    );
    const followed = (await open({ ...config, is_decoder: false })) as SequenceClassifier;
    const found = followed.forward(paddedBatch(batch)).logits.arraySync();
    expect(found[0]?.[0]).toBeCloseTo(logits[0]?.[0] as number, 4);
    followed.dispose();
  },
);

test.each([
  ["per_layer_config", { 1: { num_attention_heads: 2 } }, /differ from each other/],
  [
    "quantization_config",
    { quant_method: "bitsandbytes", load_in_8bit: true },
    /Quantised weights.*checkpoint from before/,
  ],
  ["configuration_files", ["config.4.0.0.json"], /one of these files.*Copy the content/],
  ["transformers_weights", "other.safetensors", /Call it model.safetensors and take the key out/],
  ["pruned_heads", { 0: [1] }, /from before pruning/],
  ["position_embedding_type", "relative_key_query", /Only "absolute"/],
  ["add_cross_attention", true, /Set it to false/],
])(
  "%s, with which Python would read or compute something else, is refused in every family that has it",
  (key, value, message) => {
    for (const type of types) {
      const config = { ...(byType[type] as FamilyGolden).config, [key]: value };
      const family = familyOf(type).keys;
      if (useOfKey(key, family) !== "refused") continue;
      expect(() => parseConfig(config), type).toThrow(message);
      for (const harmless of [
        null,
        key === "position_embedding_type" ? "absolute" : key === "add_cross_attention" ? false : null,
      ]) {
        expect(() => parseConfig({ ...config, [key]: harmless }), type).not.toThrow();
      }
    }
  },
);

test("unknown keys pass, but in the file of a newer transformers they are named", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const unknown = { model_type: "bert", tilt: 0.5, slant: [1] };
  parseConfig({ ...unknown, transformers_version: "4.57.6" });
  parseConfig({ ...unknown, transformers_version: "5.23.0" });
  parseConfig({ model_type: "bert", transformers_version: "6.0.0.dev0" });
  expect(warn).not.toHaveBeenCalled();
  parseConfig({ ...unknown, transformers_version: "5.24.0" }, "m/config.json");
  expect(warn.mock.calls.flat()).toEqual([
    "m/config.json was written by transformers 5.24.0, and has keys that are not known here: tilt, slant. If they change what " +
      "the model computes, its answers are not those of Python.",
  ]);
  warn.mockRestore();
});

test("another name for a key is taken for the key, as the class takes it, and both are saved as they were", () => {
  const config = parseConfig({
    model_type: "distilbert",
    dim: 32,
    n_heads: 4,
    num_attention_heads: 2,
    num_hidden_layers: 3,
  });
  expect(config).toMatchObject({ hiddenSize: 32, numAttentionHeads: 2, numHiddenLayers: 3 });
  expect(config.raw).toMatchObject({ n_heads: 4, num_attention_heads: 2 });
  expect(parseConfig({ model_type: "xlnet", n_token: 99 }).vocabSize).toBe(99);
});
