/** Which tokenizer class a model has in transformers 5.23, and what that class takes for granted. */
import { ThawError } from "../../errors.ts";
import type { Settings } from "./settings.ts";

/** Special tokens by their role, in the order in which transformers adds them. */
export const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const;
export type Role = (typeof roles)[number];
export type SpecialTokens = Readonly<Partial<Record<Role, string>>>;

interface Kind {
  /** Files of the vocabulary, all needed. */
  readonly files: readonly string[];
  readonly specials: SpecialTokens;
  /** The mask takes the white space before it. */
  readonly maskTakesSpace?: boolean;
  readonly paddingSide?: "left";
}

const bertSpecials: SpecialTokens = { unk: "[UNK]", sep: "[SEP]", pad: "[PAD]", cls: "[CLS]", mask: "[MASK]" };
const debertaSpecials: SpecialTokens = { bos: "[CLS]", eos: "[SEP]", ...bertSpecials };
const robertaSpecials: SpecialTokens = {
  bos: "<s>",
  eos: "</s>",
  unk: "<unk>",
  sep: "</s>",
  pad: "<pad>",
  cls: "<s>",
  mask: "<mask>",
};

/** models/<family>/tokenization_<family>.py of transformers 5.23: the defaults of each class. */
const kinds = {
  BertTokenizer: { files: ["vocab.txt"], specials: bertSpecials },
  MPNetTokenizer: { files: ["vocab.txt"], specials: { ...robertaSpecials, unk: "[UNK]" }, maskTakesSpace: true },
  RobertaTokenizer: { files: ["vocab.json", "merges.txt"], specials: robertaSpecials },
  DebertaTokenizer: { files: ["vocab.json", "merges.txt"], specials: debertaSpecials },
  AlbertTokenizer: {
    files: ["spiece.model"],
    specials: { ...debertaSpecials, unk: "<unk>", pad: "<pad>" },
  },
  XLNetTokenizer: {
    files: ["spiece.model"],
    specials: { ...robertaSpecials, sep: "<sep>", cls: "<cls>" },
    maskTakesSpace: true,
    paddingSide: "left",
  },
  XLMRobertaTokenizer: { files: ["sentencepiece.bpe.model"], specials: robertaSpecials },
  CamembertTokenizer: { files: ["sentencepiece.bpe.model"], specials: robertaSpecials, maskTakesSpace: true },
  DebertaV2Tokenizer: { files: ["spm.model"], specials: debertaSpecials },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

const kindOfModel: ReadonlyMap<string, KindName> = new Map([
  ["bert", "BertTokenizer"],
  ["distilbert", "BertTokenizer"],
  ["electra", "BertTokenizer"],
  ["mpnet", "MPNetTokenizer"],
  ["roberta", "RobertaTokenizer"],
  ["deberta", "DebertaTokenizer"],
  ["albert", "AlbertTokenizer"],
  ["xlnet", "XLNetTokenizer"],
  ["xlm-roberta", "XLMRobertaTokenizer"],
  ["camembert", "CamembertTokenizer"],
  ["deberta-v2", "DebertaV2Tokenizer"],
]);

/** Classes that are others under another name. */
const sameAs: ReadonlyMap<string, KindName> = new Map([
  ["DistilBertTokenizer", "BertTokenizer"],
  ["ElectraTokenizer", "BertTokenizer"],
]);

export function kindNamed(name: KindName): Kind {
  return kinds[name];
}

/** The class that the settings name, else that of the model's family; undefined if neither is known here. */
export function kindOf(tokenizer: Settings, model: Settings): KindName | undefined {
  const named = tokenizer.tokenizer_class ?? model.tokenizer_class;
  const name = typeof named === "string" ? named.replace(/Fast$/, "") : undefined;
  if (name !== undefined && Object.hasOwn(kinds, name)) return name as KindName;
  return sameAs.get(name ?? "") ?? kindOfModel.get(String(model.model_type));
}

/** Throws `MISSING_FILE` with what the folder would need. */
export function noVocabulary(folder: string, kind: KindName | undefined): ThawError {
  const files = kind === undefined ? "" : ` and no ${kinds[kind].files.join(" with ")}`;
  return new ThawError(
    "MISSING_FILE",
    `There is no readable tokenizer.json${files} in ${folder}. ` +
      "Save the tokenizer with AutoTokenizer.from_pretrained(...).save_pretrained(folder) in Python.",
  );
}
