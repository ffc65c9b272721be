import { describe, expect, test } from "vitest";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { golden, goldenPath } from "../golden/read.ts";

interface Encoding {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly token_type_ids: number[][];
}
type Golden = Record<"texts" | "pairs" | "cut", Encoding> & { padding_side: "left" | "right"; pad_token_id: number };

const file = golden<Record<string, Golden> & { inputs: { texts: string[]; pairs: string[] } }>("class_tokenizers.json");
const { texts, pairs } = file.inputs;

describe.each([
  ["xlnet", "native"],
  ["xlnet", "xenova"],
  ["deberta-v2", "native"],
  ["deberta-v2", "xenova"],
  ["deberta", "native"],
  ["deberta", "xenova"],
] as const)("the tokenizer of %s with the %s backend", (name, backend) => {
  const expected = file[name] as Golden;
  const load = () => AutoTokenizer.fromPretrained(goldenPath(`class-tokenizers/${name}`), { backend });
  const padded = { padding: true, paddingSide: expected.padding_side } as const;
  const asOurs = ({ input_ids, attention_mask, token_type_ids }: Encoding) => ({
    inputIds: input_ids,
    attentionMask: attention_mask,
    tokenTypeIds: token_type_ids,
  });

  test("has Python's special tokens, segments and padding around texts and pairs", async () => {
    const tokenizer = await load();
    expect(tokenizer.padTokenId).toBe(expected.pad_token_id);
    expect(tokenizer(texts, padded)).toEqual(asOurs(expected.texts));
    expect(tokenizer(texts, { ...padded, textPair: pairs })).toEqual(asOurs(expected.pairs));
  });

  test("cuts pairs as Python does, and leaves the special tokens", async () => {
    const tokenizer = await load();
    const options = { ...padded, textPair: pairs, truncation: true, maxLength: 9 };
    expect(tokenizer(texts, options)).toEqual(asOurs(expected.cut));
  });
});
