/** Tells which tokenizer class of transformers 5.23 reads a folder, and the defaults of that class. */
import { ThawError } from "../errors.ts";
import type { Settings, TokenizerFolder } from "./folder.ts";

/** Special tokens by their role, in the order in which transformers adds them. */
export const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const;
export type Role = (typeof roles)[number];
export type SpecialTokens = Readonly<Partial<Record<Role, string>>>;

export interface TokenizerClass {
  /** Vocabulary files; all are needed if there is no `tokenizer.json`. */
  readonly files: readonly string[];
  readonly vocabulary: "WordPiece" | "BPE" | "Unigram";
  readonly specials: SpecialTokens;
  /** Default of the extra special tokens, used if the files name none. */
  readonly extraSpecials?: readonly string[];
  /** Whether the mask token absorbs the white space before it. */
  readonly maskTakesSpace?: boolean;
  readonly paddingSide?: "left";
  /** Whether the class returns token types if the files do not list the model's inputs. */
  readonly givesTypes?: boolean;
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

/**
 * The tokenizer classes known here.
 * https://github.com/huggingface/transformers/tree/v5.23.0/src/transformers/models: `tokenization_*.py` of each.
 */
const classes = {
  BertTokenizer: { files: ["vocab.txt"], vocabulary: "WordPiece", specials: bertSpecials, givesTypes: true },
  MPNetTokenizer: {
    files: ["vocab.txt"],
    vocabulary: "WordPiece",
    specials: { ...robertaSpecials, unk: "[UNK]" },
    maskTakesSpace: true,
  },
  RobertaTokenizer: { files: ["vocab.json", "merges.txt"], vocabulary: "BPE", specials: robertaSpecials },
  DebertaTokenizer: {
    files: ["vocab.json", "merges.txt"],
    vocabulary: "BPE",
    specials: debertaSpecials,
    givesTypes: true,
  },
  AlbertTokenizer: {
    files: ["spiece.model"],
    vocabulary: "Unigram",
    specials: { ...debertaSpecials, unk: "<unk>", pad: "<pad>" },
  },
  XLNetTokenizer: {
    files: ["spiece.model"],
    vocabulary: "Unigram",
    specials: { ...robertaSpecials, sep: "<sep>", cls: "<cls>" },
    extraSpecials: ["<eop>", "<eod>"],
    maskTakesSpace: true,
    paddingSide: "left",
  },
  XLMRobertaTokenizer: { files: ["sentencepiece.bpe.model"], vocabulary: "Unigram", specials: robertaSpecials },
  CamembertTokenizer: {
    files: ["sentencepiece.bpe.model"],
    vocabulary: "Unigram",
    specials: robertaSpecials,
    extraSpecials: ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
    maskTakesSpace: true,
  },
  DebertaV2Tokenizer: { files: ["spm.model"], vocabulary: "Unigram", specials: debertaSpecials, givesTypes: true },
} as const satisfies Record<string, TokenizerClass>;

/** Names of the classes that build their tokenizer from their settings instead of running `tokenizer.json` as it is. */
export type ClassName = keyof typeof classes;
/** Python's class for all other tokenizers, also called PreTrainedTokenizerFast: it runs `tokenizer.json` as it is. */
export const generic = "TokenizersBackend";

export function classNamed(name: ClassName): TokenizerClass {
  return classes[name];
}

/**
 * The class of each family.
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/auto/tokenization_auto.py#L61
 */
const classOfModel: ReadonlyMap<string, ClassName | typeof generic> = new Map([
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
  ["modernbert", generic], // whatever its files name
]);

/** Aliases of classes: alias -> class. */
const sameAs: ReadonlyMap<string, ClassName> = new Map([
  ...["DistilBert", "Electra", "LayoutLM", "Lxmert", "MobileBert", "SqueezeBert"].map((name): [string, ClassName] => [
    `${name}Tokenizer`,
    "BertTokenizer",
  ]),
  ...["Bart", "LED", "Longformer", "Mvp"].map((name): [string, ClassName] => [`${name}Tokenizer`, "RobertaTokenizer"]),
]);

const tokenizersCalled = (names: string): ReadonlySet<string> =>
  new Set(names.split(" ").map((name) => `${name}Tokenizer`));

/** Classes of transformers that need Python code, such as a morphological analyser, whatever files the folder has. */
const inPythonOnly = tokenizersCalled(
  "Bartpho BertGeneration BertJapanese Bertweet BioGpt BlenderbotSmall ByT5 CTRL Canine Clvp Cpm CpmAnt " +
    "Dia Esm FSMT FastSpeech2Conformer Flaubert GPTNeoXJapanese GPTSw3 M2M100 Marian Mgpstr MyT5 PLBart " +
    "Perceiver Phobert Pop2Piano ProphetNet RoCBert Siglip Speech2Text SpeechT5 Tapas Vits Wav2Vec2CTC " +
    "Wav2Vec2PhonemeCTC XLM",
);

/**
 * Classes of transformers not known here that build their own normaliser and pre-tokenizer, which may differ from the
 * folder's `tokenizer.json`.
 */
const builtElsewhere = tokenizersCalled(
  "Barthez BigBird Blenderbot CLIP CodeGen CodeLlama Cohere ConvBert DPRContextEncoder " +
    "DPRQuestionEncoder DPRReader DistilBert Esmc FNet Funnel GPT2 GPTNeoX Gemma Herbert Lasr LayoutLMv2 " +
    "LayoutLMv3 LayoutXLM Llama Luke MBart MBart50 MLuke MarkupLM Nllb Nougat OpenAIGPT Pegasus Qwen2 " +
    "Qwen3_5 Reformer RemBert RoFormer SeamlessM4T Siglip2 Splinter T5 Tipsv2 Udop VideoPrism Whisper " +
    "XGLM",
);

const asItIs =
  'Where its tokenizer.json says all, write "tokenizer_class": "PreTrainedTokenizerFast" into tokenizer_config.json';

/**
 * Finds the class that `AutoTokenizer.from_pretrained` chooses for a folder. Throws `BAD_TOKENIZER` for a class that
 * runs only in Python.
 * https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/auto/tokenization_auto.py#L826
 */
export function classOf({
  path,
  settings,
  model,
}: Pick<TokenizerFolder, "path" | "settings" | "model">): ClassName | typeof generic {
  const [own, ofModel] = [named(settings), named(model)];
  const registered = classOfModel.get(String(model.model_type));
  if (registered === generic) return generic;
  const name = own ?? ofModel;
  if (name === undefined) return registered ?? generic;
  const known = classCalled(name);
  if (known !== undefined) return known;
  if (inPythonOnly.has(name)) {
    throw new ThawError(
      "BAD_TOKENIZER",
      `The tokenizer in ${path} is of the class ${name}, which runs in Python alone: its tokens cannot be had here. ${asItIs}; ` +
        "Python then does the same.",
    );
  }
  return generic;
}

/** Warns about a class that may run another `tokenizer.json` than the one in its folder. */
export function warnOfClass({ path, settings, model }: Pick<TokenizerFolder, "path" | "settings" | "model">): void {
  const name = named(settings) ?? named(model);
  if (name === undefined || !builtElsewhere.has(name) || classCalled(name) !== undefined) return;
  if (classOfModel.get(String(model.model_type)) === generic) return;
  console.warn(
    `The tokenizer in ${path} is of the class ${name}, of which transformers builds parts by itself. Here tokenizer.json is taken ` +
      `as it is, which mostly is the same. ${asItIs}, and Python does the same in any case.`,
  );
}

/** Finds the class named in the settings, if it is one that builds its own components. */
export function ownClass(settings: Settings): ClassName | undefined {
  const name = named(settings);
  return name === undefined ? undefined : classCalled(name);
}

function classCalled(name: string): ClassName | undefined {
  return Object.hasOwn(classes, name) ? (name as ClassName) : sameAs.get(name);
}

/** Reads the class name from the settings, without the "Fast" of older versions. */
function named({ tokenizer_class: name }: Settings): string | undefined {
  return typeof name === "string" && name !== "" ? name.replace(/Fast$/, "") : undefined;
}

/**
 * Families whose models were trained with token types, although their tokenizer class may omit them since transformers
 * 5.
 */
const trainedWithTypes = new Set(["bert", "electra", "albert", "xlnet", "deberta", "deberta-v2"]);

/**
 * Tells whether the tokenizer returns token types: as `model_input_names` says, else as the class does or as the
 * family's models were trained. `byClass` tells whether Python also returns them by default.
 */
export function typesOf(
  name: ClassName | typeof generic,
  { settings, model }: Pick<TokenizerFolder, "settings" | "model">,
): { readonly given: boolean; readonly byClass: boolean } {
  const inputs = settings.model_input_names;
  if (Array.isArray(inputs)) {
    const given = inputs.includes("token_type_ids");
    return { given, byClass: given };
  }
  const byClass = name !== generic && classNamed(name).givesTypes === true && !isDistilBert(settings);
  const typed = name === "XLNetTokenizer" || name === "AlbertTokenizer";
  return { given: byClass || typed || (name === generic && trainedWithTypes.has(String(model.model_type))), byClass };
}

/** Tells whether the class is DistilBERT's, which differs from BERT's only in the model's inputs. */
const isDistilBert = (settings: Settings) => named(settings) === "DistilBertTokenizer";
