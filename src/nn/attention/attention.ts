/** Scaled dot-product attention of several heads over packed texts (Vaswani et al. 2017, arXiv:1706.03762). */
import type { Tensor } from "@tensorflow/tfjs-core";
import { differentiable } from "../../tensor/differentiable.ts";
import { choose } from "../../tensor/native.ts";
import {
  nativeAttention,
  nativeAttentionGradients,
  type QueryKeyValue,
  type ScoreTable,
} from "../../tensor/nativeAttention.ts";
import { siteOf } from "../dropout.ts";
import { type AttentionOptions, factorOf } from "./attentionOptions.ts";
import { composedAttention } from "./composedAttention.ts";

/**
 * The native op in one place of a model, for a forward pass and its backward pass: each head of each text with its own
 * length, no padding, no matrix of scores in memory; probabilities and masks are computed again in the backward pass.
 */
export function fusedOp(options: AttentionOptions, hidden: number) {
  const { heads, packing, queryRows, terms = {} } = options;
  const { segments, window, factor: _, ...named } = terms;
  const names = Object.keys(named) as ScoreTable[];
  const site = siteOf(options);
  const own = { heads, segments, window, factor: factorOf(options, hidden), last: queryRows === "last", site };
  const call = () => ({ ...own, lengths: packing.lengthsTensor });
  const byName = (tables: readonly Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tables[i]]));
  return {
    /** Those of the terms, inputs of the op like query, key and value. */
    tables: names.map((name) => named[name] as Tensor),
    value: (parts: QueryKeyValue, tables: readonly Tensor[]) => nativeAttention(parts, byName(tables), call()),
    /** Of query, key and value, then of the tables. */
    gradients(dy: Tensor, parts: QueryKeyValue, tables: readonly Tensor[], wants: (table: number) => boolean) {
      const isWanted = (name: ScoreTable) => wants(names.indexOf(name));
      const found = nativeAttentionGradients(dy, parts, byName(tables), call(), isWanted);
      return { parts: found.parts, tables: names.map((name) => found.tables[name]) };
    },
  };
}

/** The same as `composedAttention` in one node of the tape. */
export function fusedAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const op = fusedOp(options, key.shape[1] as number);
  return differentiable([query, key, value, ...op.tables], (save) => {
    save(query, key, value, ...op.tables);
    return {
      value: op.value([query, key, value], op.tables),
      gradient: (dy, [query, key, value, ...tables], wants) => {
        const parts = [query, key, value] as [Tensor, Tensor, Tensor];
        const found = op.gradients(dy, parts, tables, (table) => wants(3 + table));
        return [...found.parts, ...found.tables];
      },
    };
  });
}

export const attention = choose(fusedAttention, composedAttention);
