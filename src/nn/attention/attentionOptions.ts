/** What attention is told beside query, key and value. */
import type { ScoreTables } from "../../tensor/nativeAttention.ts";
import type { Precision } from "../../tensor/precision.ts";
import type { DropoutOptions } from "../dropout.ts";
import type { Packing, QueryRows } from "../packing.ts";

/** What scores are made of besides products of query and key. Default of all: nothing. */
export interface ScoreTerms extends ScoreTables {
  /** Of each token, with `otherSegment`: `[tokens]`. */
  readonly segments?: Int32Array;
  /** A token sees those at most so many places away. Default: all. */
  readonly window?: number;
  /** What products are multiplied with. Default: 1 / sqrt(width of a head). */
  readonly factor?: number;
}

/** The dropout is that of the attention probabilities. */
export interface AttentionOptions extends DropoutOptions {
  readonly heads: number;
  readonly packing: Packing;
  /** Of the projections' products, and of what the backward pass needs. Default: "float32". */
  readonly precision?: Precision;
  /** Whose rows are computed: with "first" or "last", one a text, and the query has only these. Default: "all". */
  readonly queryRows?: QueryRows;
  readonly terms?: ScoreTerms;
}

/** What products of query and key are multiplied with. */
export const factorOf = ({ terms, heads }: AttentionOptions, hidden: number): number =>
  terms?.factor ?? 1 / Math.sqrt(hidden / heads);
