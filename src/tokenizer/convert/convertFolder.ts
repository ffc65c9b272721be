/**
 * From a folder that has a tokenizer in its original form (a list of word pieces, byte-level BPE, or a sentencepiece
 * model) to the `tokenizer.json` that transformers 5.23 would make of it, in memory.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ThawError } from "../../errors.ts";
import { addedTokens, specialTokens } from "./addedTokens.ts";
import { byteBpe } from "./byteBpe.ts";
import { type KindName, kindNamed, kindOf, noVocabulary, type SpecialTokens } from "./kinds.ts";
import { postProcessor } from "./postProcessor.ts";
import { readSentencePiece } from "./sentencePiece.ts";
import type { FolderSettings, Settings } from "./settings.ts";
import { type Part, type TokenModel, tokenizerJson } from "./tokenizerJson.ts";
import { unigram } from "./unigram.ts";
import { wordPiece } from "./wordPiece.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Errors: `MISSING_FILE` if the folder has no vocabulary either, `BAD_TOKENIZER`. */
export async function convertFolder(folder: string, settings: FolderSettings): Promise<Part> {
  const kind = kindOf(settings.tokenizer, settings.model);
  if (kind === undefined) throw noVocabulary(folder, undefined);
  const files = await readFiles(folder, kind);
  const specials = specialTokens(kind, settings.tokenizer);
  try {
    const tokens = tokenModel(kind, files, settings.tokenizer, specials);
    const added = addedTokens(tokens, kind, settings);
    const ids = new Map(added.map(({ content, id }) => [content, id]));
    const idOf = (token: string): number => {
      const id = ids.get(token) ?? tokens.idOf(token);
      if (id !== undefined) return id;
      throw new Error(`its special token ${JSON.stringify(token)} has no id`);
    };
    return tokenizerJson(tokens, added, postProcessor(kind, settings.tokenizer, specials, idOf));
  } catch (cause) {
    throw new ThawError(
      "BAD_TOKENIZER",
      `Cannot read ${kindNamed(kind).files.join(" and ")} in ${folder} as those of a ${kind}: ${(cause as Error).message}. ` +
        "Download them again, or save the tokenizer with a current transformers, which writes tokenizer.json.",
      { cause },
    );
  }
}

function tokenModel(kind: KindName, files: readonly Buffer[], settings: Settings, specials: SpecialTokens): TokenModel {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = files;
  switch (kind) {
    case "BertTokenizer":
    case "MPNetTokenizer":
      return wordPiece(utf8.decode(first), settings, specials.unk ?? "");
    case "RobertaTokenizer":
    case "DebertaTokenizer":
      return byteBpe(utf8.decode(first), utf8.decode(second), settings);
    default:
      return unigram(readSentencePiece(first), kind, settings, specials);
  }
}

async function readFiles(folder: string, kind: KindName): Promise<Buffer[]> {
  try {
    return await Promise.all(kindNamed(kind).files.map((file) => readFile(join(folder, file))));
  } catch {
    throw noVocabulary(folder, kind);
  }
}
