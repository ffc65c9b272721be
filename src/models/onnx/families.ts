/** The families whose graphs can be written, and which of them `@xenova/transformers` runs. */
import { albert } from "./families/albert.ts";
import { bert } from "./families/bert.ts";
import { deberta } from "./families/deberta.ts";
import { debertaV2 } from "./families/debertaV2.ts";
import { distilbert } from "./families/distilbert.ts";
import { electra } from "./families/electra.ts";
import { modernBert } from "./families/modernbert.ts";
import { mpnet } from "./families/mpnet.ts";
import { camembert, roberta, xlmRoberta } from "./families/roberta.ts";
import { xlnet } from "./families/xlnet.ts";
import type { OnnxFamily } from "./onnxFamily.ts";

/** One for each of `families` in src/models/autoModel.ts. */
export const onnxFamilies: readonly OnnxFamily[] = [
  bert,
  roberta,
  xlmRoberta,
  camembert,
  distilbert,
  electra,
  mpnet,
  albert,
  xlnet,
  deberta,
  debertaV2,
  modernBert,
];

/** What its `pipeline("text-classification")`, 2.17.2, has no class for: it runs them where the config names another type. */
export const unknownToXenova: readonly string[] = ["xlnet", "modernbert"];
