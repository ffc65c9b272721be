import { expect, test } from "vitest";
import { describeTrainable } from "../../src/freezing/describeTrainable.ts";
import {
  type Block,
  checkSelection,
  layersHaveWeights,
  plainSelection,
  type Selection,
  select,
} from "../../src/freezing/selection.ts";

/** Twelve layers, so that layer 1 has prefix-named neighbours 10 and 11. */
const blocks = new Map<string, Block>([
  ["bert.embeddings.word_embeddings.weight", "embeddings"],
  ...Array.from({ length: 12 }, (_, i): [string, Block][] => [
    [`bert.encoder.layer.${i}.output.dense.weight`, i],
    [`bert.encoder.layer.${i}.output.LayerNorm.weight`, i],
  ]).flat(),
  ["bert.pooler.dense.weight", "head"],
  ["classifier.weight", "head"],
]);

test.each<[Selection, string]>([
  ["all", "everything"],
  ["head", "head"],
  ["embeddings", "embeddings"],
  [{ layers: [1] }, "layer 1"],
  [{ layers: [10, 11] }, "layers 10-11"],
  [{ layers: [0, 2, 3] }, "layer 0, layers 2-3"],
  [{ lastLayers: 2 }, "layers 10-11"],
  [{ firstLayers: 4 }, "layers 0-3"],
  [["head", { lastLayers: 4 }], "head, layers 8-11"],
  [["head", "embeddings"], "head, embeddings"],
  [{ parameters: ["classifier.weight"] }, "part of head"],
  [{ freezeRatio: 0.5 }, "layers 6-11"],
  [{ freezeRatio: 0 }, "layers 0-11"],
  [{ freezeRatio: 0.2 }, "layers 2-11"], // 2.4 layers
  [{ freezeRatio: 0.3 }, "layers 4-11"], // 3.6
  [{ freezeRatio: 0.875 }, "layer 11"], // 10.5: a half is rounded up
  [["head", { freezeRatio: 0.75 }], "head, layers 9-11"],
  [{ everyNth: 1 }, "layers 0-11"],
  [{ everyNth: 2 }, "every 2nd layer from 1 to 11"],
  [{ everyNth: 3 }, "every 3rd layer from 2 to 11"],
  [["head", { everyNth: 4 }], "head, every 4th layer from 3 to 11"],
  [{ everyNth: 6 }, "layer 5, layer 11"],
  [{ everyNth: 12 }, "layer 11"],
  ["norms", "norms"],
  [["head", "norms"], "head, norms"],
  [["norms", { lastLayers: 2 }], "layers 10-11, norms"],
  [
    ["norms", { parameters: ["classifier.weight"] }],
    `${Array.from({ length: 12 }, (_, i) => `part of layer ${i}`).join(", ")}, part of head`,
  ],
])("%j selects %s", (selection, words) => {
  expect(describeTrainable(select(selection, blocks, 12), blocks)).toBe(words);
});

test("a pattern selects by name, in every layer", () => {
  const names = select({ parameters: /LayerNorm/g }, blocks, 12);
  expect(names.size).toBe(12);
  expect([...names].every((name) => name.includes("LayerNorm"))).toBe(true);
});

test("an empty array selects nothing", () => {
  expect(describeTrainable(select([], blocks, 12), blocks)).toBe("nothing");
});

test.each<[unknown, RegExp]>([
  [{ layers: [12] }, /no encoder layer 12: this model has 12, with indices 0 to 11/],
  [{ layers: [-1] }, /no encoder layer -1/],
  [{ layers: [1.5] }, /no encoder layer 1.5/],
  [{ lastLayers: 13 }, /use an integer from 1 to 12/],
  [{ lastLayers: 0 }, /use an integer from 1 to 12/],
  [{ firstLayers: Number.NaN }, /use an integer from 1 to 12/],
  [{ parameters: /nothing/ }, /No parameter's name matches/],
  [{ parameters: ["bert.pooler"] }, /There is no parameter "bert.pooler"/],
  ["classifier", /selects nothing known/],
  [{ lastLayer: 2 }, /selects nothing known/],
  [{ lastLayers: 2, firstLayers: 1 }, /selects nothing known/],
  [null, /selects nothing known/],
  [undefined, /selects nothing known/],
  [["head", { layers: [99] }], /no encoder layer 99/],
])("%j is refused with what is possible", (selection, message) => {
  expect(() => select(selection as Selection, blocks, 12)).toThrow(message);
});

/** As in MPNet: what all layers read together lies between embeddings and layer 0. */
const withShared = new Map<string, Block>([["mpnet.encoder.relative_attention_bias.weight", "shared"], ...blocks]);
/** As in ALBERT: the layers have nothing of their own. */
const allShared = new Map<string, Block>([...withShared].filter(([, block]) => typeof block !== "number"));

test.each<[Selection, string]>([
  ["shared", "shared"],
  [["head", "shared", { lastLayers: 2 }], "head, layers 10-11, shared"],
  [{ layers: [0] }, "layer 0"],
])("with shared weights %j selects %s", (selection, words) => {
  expect(describeTrainable(select(selection, withShared, 12), withShared)).toBe(words);
});

test("where no weights are shared, the word selects none", () => {
  expect(select("shared", blocks, 12).size).toBe(0);
});

test.each<Selection>([
  { layers: [10, 11] },
  { lastLayers: 2 },
  { firstLayers: 1 },
  { freezeRatio: 0.5 },
  { everyNth: 2 },
  ["head", { lastLayers: 1 }],
])("%j is refused where the layers share their weights, with what is possible", (selection) => {
  expect(() => select(selection, allShared, 12)).toThrow(
    /the 12 encoder layers of this model run on the same weights.*"shared".*"head", "embeddings" or "all"/,
  );
});

test("there the other selections work as ever", () => {
  expect(describeTrainable(select(["head", "shared"], allShared, 12), allShared)).toBe("head, shared");
  expect(select({ parameters: /bias/ }, allShared, 12).size).toBe(1);
  expect(() => select({ lastLayer: 1 } as unknown as Selection, allShared, 12)).toThrow(/selects nothing known/);
});

test.each<[unknown, RegExp]>([
  [{ layer: [1] }, /Did you mean \{ layers: \.\.\. \}\?/],
  ["heads", /Did you mean "head"\?/],
  [["head", "head"], /It has 'head' twice/],
  [[{ layers: [1] }, { layers: [1] }], /It has \{ layers: \[ 1 \] \} twice/],
  [["all", "head"], /"all" holds everything: it stands alone/],
  [{ layers: 3 }, /layers is an array of indices/],
  [{ layers: [2, 1, 2] }, /has layer 2 twice: name every layer once/],
  [{ layers: ["1"] }, /no encoder layer '1'/],
  [{ firstLayers: 13 }, /\{ firstLayers: 13 \} is not possible: this model has 12 encoder layers/],
  [{ freezeRatio: 1 }, /\{ freezeRatio: 1 \} is not possible: .* from 0 to below 1/],
  [{ freezeRatio: -0.1 }, /freezeRatio: -0.1 \} is not possible/],
  [{ freezeRatio: "0.5" }, /freezeRatio: '0.5' \} is not possible/],
  [{ freezeRatio: Number.NaN }, /freezeRatio: NaN \} is not possible/],
  [{ freezeRatio: 0.97 }, /freezes all 12 encoder layers of this model: use at most 0.91/],
  [{ everyNth: 0 }, /\{ everyNth: 0 \} is not possible: use an integer from 1 to 12/],
  [{ everyNth: 13 }, /\{ everyNth: 13 \} is not possible: this model has 12 encoder layers/],
  [{ everyNth: 1.5 }, /use an integer from 1 to 12/],
  [{ freezRatio: 0.5 }, /Did you mean \{ freezeRatio: \.\.\. \}\?/],
  ["biase", /Did you mean "biases"\?/],
  ["norm", /Did you mean "norms"\?/],
  [{ firstLayers: 0.5 }, /\{ firstLayers: 0.5 \} is not possible/],
  [{ parameters: 7 }, /parameters is a pattern, or an array of names/],
  [{ parameters: ["classifier.weight", 7] }, /parameters is a pattern, or an array of names/],
  [{ parameters: "/(/" }, /is no pattern: /],
  [
    { parameters: "classifier" },
    /no parameter "classifier"\. Names look like "bert\.embeddings\.word_embeddings\.weight"/,
  ],
  [{ parameters: "x/classifier/" }, /no parameter "x\/classifier\/"/],
  [{ parameters: "/classifier/ " }, /no parameter "\/classifier\/ "/],
  [{ parameters: "/nothing/" }, /matches \/nothing\/\. Names look like "bert\.embeddings\.word_embeddings\.weight"/],
])("%j is refused with what was meant", (selection, message) => {
  expect(() => select(selection as Selection, blocks, 12)).toThrow(message);
});

test.each<unknown>(["zzzzzz", { zzzzzz: 1 }, {}, { lastLayer: 1, head: 2 }, 7])(
  "for %j nothing is proposed",
  (selection) => {
    expect(() => select(selection as Selection, blocks, 12)).toThrow(/selects nothing known\. Use "all"/);
  },
);

test.each<[Selection, string]>([
  [["all"], "everything"],
  [{ lastLayers: 12 }, "layers 0-11"],
  [{ firstLayers: 12 }, "layers 0-11"],
  [{ layers: [] }, "nothing"],
  [{ layers: [11, 0] }, "layer 0, layer 11"],
  [{ parameters: "classifier.weight" }, "part of head"],
  [{ parameters: "/^classifier/" }, "part of head"],
  [{ parameters: "/CLASSIFIER/i" }, "part of head"],
  [{ parameters: /layer\.1\..*dense/ }, "part of layer 1"],
  [[{ layers: [1] }, "embeddings"], "layer 1, embeddings"],
])("%j is possible, and selects %s", (selection, words) => {
  expect(describeTrainable(select(selection, blocks, 12), blocks)).toBe(words);
});

test("arrays may be nested twenty deep, and no deeper", () => {
  const nested = (levels: number): Selection => (levels === 0 ? "head" : [nested(levels - 1)]);
  expect(describeTrainable(select(nested(20), blocks, 12), blocks)).toBe("head");
  expect(() => select(nested(21), blocks, 12)).toThrow(/nested more than 20 deep/);
});

test("a long selection is cut in the message, a short one is not", () => {
  const names = Array.from({ length: 100 }, (_, i) => i);
  expect(() => select({ layers: names, lastLayers: 1 } as unknown as Selection, blocks, 12)).toThrow(
    /^[^…]{199}… selects/,
  );
  expect(() => select(`${"h".repeat(198)}` as unknown as Selection, blocks, 12)).toThrow(
    `'${"h".repeat(198)}' selects`,
  );
});

test("without a model only what no model has is refused", () => {
  expect(() => checkSelection({ layers: [99] })).not.toThrow();
  expect(() => checkSelection({ lastLayers: 99 })).not.toThrow();
  expect(() => checkSelection({ lastLayers: 0 })).toThrow(/from 1 to the number of encoder layers/);
});

test("a selection as plain JSON selects the same", () => {
  const selection: Selection = ["head", { parameters: /LayerNorm/i }, [{ layers: [1] }]];
  const plain = plainSelection(selection);
  expect(plain).toEqual(["head", { parameters: "/LayerNorm/i" }, [{ layers: [1] }]]);
  expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
  expect(select(plain, blocks, 12)).toEqual(select(selection, blocks, 12));
  expect(plainSelection({ parameters: ["classifier.weight"] })).toEqual({ parameters: ["classifier.weight"] });
});

test("whether layers have weights of their own", () => {
  expect([blocks, withShared, allShared].map(layersHaveWeights)).toEqual([true, true, false]);
});

test("what the refusals advise selects the top layer", () => {
  expect(describeTrainable(select({ freezeRatio: 0.91 }, blocks, 12), blocks)).toBe("layer 11");
});

test("biases and norms are told by their names, and as many others are not taken for them", () => {
  const named = new Map<string, Block>(
    [0, 1].flatMap((layer): [string, Block][] =>
      ["dense.weight", "dense.bias", "attn_norm.weight", "r_w_bias", "bias_table.weight", "normal.weight"].map(
        (name) => [`layer.${layer}.${name}`, layer],
      ),
    ),
  );
  const names = (selection: Selection) => [...select(selection, named, 2)].map((name) => name.replace("layer.", ""));
  expect(names("biases")).toEqual(["0.dense.bias", "0.r_w_bias", "1.dense.bias", "1.r_w_bias"]);
  expect(names("norms")).toEqual(["0.attn_norm.weight", "1.attn_norm.weight"]);
  const words = (selection: Selection) => describeTrainable(select(selection, named, 2), named);
  expect(words(["norms", "biases"])).toBe("biases, norms");
  expect(words({ parameters: ["layer.0.dense.weight", "layer.1.attn_norm.weight"] })).toBe(
    "part of layer 0, part of layer 1",
  );
});

test.each([
  [2, "2nd"],
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [13, "13th"],
  [21, "21st"],
  [22, "22nd"],
  [23, "23rd"],
])("every %d-th layer of three is called the %s", (stride, ordinal) => {
  const deep = new Map<string, Block>(Array.from({ length: 3 * stride }, (_, i) => [`layer.${i}.weight`, i]));
  expect(describeTrainable(select({ everyNth: stride }, deep, 3 * stride), deep)).toBe(
    `every ${ordinal} layer from ${stride - 1} to ${3 * stride - 1}`,
  );
});
