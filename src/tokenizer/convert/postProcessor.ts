/** Where the special tokens of each class go (the post-processors of the classes of transformers 5.23). */
import type { KindName, SpecialTokens } from "./kinds.ts";
import { flag, type Settings } from "./settings.ts";
import type { Part } from "./tokenizerJson.ts";

/** Segment ids: of A and its separator 0; of B and its separator `second`; `$A` stands for the text. */
type Template = readonly (readonly [token: string, typeId: number])[];

/** `idOf` gives the id of any token, special ones included. */
export function postProcessor(
  kind: KindName,
  settings: Settings,
  specials: SpecialTokens,
  idOf: (token: string) => number,
): Part {
  const { bos = "", eos = "", sep = "", cls = "" } = specials;
  const template = (single: Template, pair: Template): Part => templateProcessing(single, pair, idOf);
  switch (kind) {
    case "BertTokenizer":
    case "DebertaV2Tokenizer":
      return template(
        [
          [cls, 0],
          ["$A", 0],
          [sep, 0],
        ],
        [
          [cls, 0],
          ["$A", 0],
          [sep, 0],
          ["$B", 1],
          [sep, 1],
        ],
      );
    case "AlbertTokenizer": // by name, whatever the settings call them
      return template(
        [
          ["[CLS]", 0],
          ["$A", 0],
          ["[SEP]", 0],
        ],
        [
          ["[CLS]", 0],
          ["$A", 0],
          ["[SEP]", 0],
          ["$B", 1],
          ["[SEP]", 1],
        ],
      );
    case "XLNetTokenizer":
      return template(
        [
          ["$A", 0],
          [sep, 0],
          [cls, 2],
        ],
        [
          ["$A", 0],
          [sep, 0],
          ["$B", 1],
          [sep, 1],
          [cls, 2],
        ],
      );
    case "DebertaTokenizer":
      return template(
        [
          [cls, 0],
          ["$A", 0],
          [sep, 0],
        ],
        [
          [cls, 0],
          ["$A", 0],
          [sep, 0],
          [sep, 0],
          ["$B", 0],
          [sep, 0],
        ],
      );
    case "XLMRobertaTokenizer":
    case "CamembertTokenizer":
      return template(
        [
          [bos, 0],
          ["$A", 0],
          [eos, 0],
        ],
        [
          [bos, 0],
          ["$A", 0],
          [eos, 0],
          [eos, 0],
          ["$B", 0],
          [eos, 0],
        ],
      );
    case "RobertaTokenizer":
      return {
        ...robertaProcessing(sep, cls, idOf),
        trim_offsets: flag(settings, "trim_offsets", true),
        add_prefix_space: flag(settings, "add_prefix_space", false),
      };
    case "MPNetTokenizer":
      return robertaProcessing(sep, cls, idOf);
  }
}

function robertaProcessing(sep: string, cls: string, idOf: (token: string) => number): Part {
  return {
    type: "RobertaProcessing",
    sep: [sep, idOf(sep)],
    cls: [cls, idOf(cls)],
    trim_offsets: true,
    add_prefix_space: false,
  };
}

function templateProcessing(single: Template, pair: Template, idOf: (token: string) => number): Part {
  const steps = (template: Template): Part[] =>
    template.map(([token, typeId]) =>
      isText(token)
        ? { Sequence: { id: token.slice(1), type_id: typeId } }
        : { SpecialToken: { id: token, type_id: typeId } },
    );
  const used = new Set(pair.map(([token]) => token).filter((token) => !isText(token)));
  return {
    type: "TemplateProcessing",
    single: steps(single),
    pair: steps(pair),
    special_tokens: Object.fromEntries(
      [...used].sort().map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
    ),
  };
}

function isText(token: string): boolean {
  return token === "$A" || token === "$B";
}
