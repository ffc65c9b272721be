import { afterEach, expect, test, vi } from "vitest";
import { classOf, warnOfClass } from "../../src/tokenizer/classes.ts";
import { golden } from "../golden/read.ts";

/** What each name means to transformers; "python": a class that runs no tokenizer.json, null: none. */
const { classes } = golden<{ classes: Record<string, string | null> }>("tokenizer_settings.json");
const own = [...["Bert", "MPNet", "Roberta", "Deberta", "Albert", "XLNet", "XLMRoberta", "Camembert", "DebertaV2"]].map(
  (name) => `${name}Tokenizer`,
);
/** Their base, what is no tokenizer of a model, and what runs tokenizer.json as it is. */
const plain = [
  ...["PreTrained", "Auto", "Basic", "Character", "Mecab", "Wordpiece", "Rag"].map((name) => `${name}Tokenizer`),
  "ParakeetTokenizer",
];
const folderWith = (name: string) => ({
  path: "folder",
  settings: { tokenizer_class: name },
  model: { model_type: "bert" },
});
const of = (name: string) => classOf(folderWith(name));

afterEach(() => vi.restoreAllMocks());

test.each(Object.entries(classes))("%s is what it is to transformers: %s", (name, meant) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  if (name === "DistilBertTokenizer")
    expect(of(name)).toBe("BertTokenizer"); // but for its inputs
  else if (meant !== null && own.includes(meant)) expect(of(name)).toBe(meant);
  else if (meant === "python" && !plain.includes(name)) {
    expect(() => of(name)).toThrow(/runs in Python alone.*write "tokenizer_class": "PreTrainedTokenizerFast"/);
    expect(() => of(`${name}Fast`)).toThrow(expect.objectContaining({ code: "BAD_TOKENIZER" }));
  } else {
    expect(of(name)).toBe("TokenizersBackend");
    expect(warned).not.toHaveBeenCalled(); // it is asked again for every save
    warnOfClass(folderWith(name));
    expect(warned).toHaveBeenCalledTimes(
      meant === null || meant === "TokenizersBackend" || plain.includes(name) ? 0 : 1,
    );
  }
});
