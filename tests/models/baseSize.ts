/** What transformers makes of every family at the size of its published base model (tests/golden/base_size.json). */
import { golden } from "../golden/read.ts";
import { formulaModel, type GoldenBatch } from "./familyModel.ts";

export interface BaseSize extends Omit<GoldenBatch, "labels"> {
  readonly config: Record<string, unknown> & { readonly model_type: string };
  /** By block. */
  readonly parameters: Record<string, number>;
  readonly logits: number[][];
}

interface BaseSizes extends Record<string, unknown> {
  /** Weights of matrices are within this. */
  readonly matrices: number;
}

const file = golden<BaseSizes>("base_size.json");

/** By the name of the checkpoint whose config it is. */
export const baseSizes = (): [checkpoint: string, BaseSize][] =>
  Object.entries(file).flatMap(([name, value]) =>
    typeof value === "object" && "logits" in (value as BaseSize) ? [[name, value as BaseSize]] : [],
  );

/** The model with its weights by the formula. */
export const baseModel = ({ config }: BaseSize) => formulaModel(config, {}, file.matrices);
