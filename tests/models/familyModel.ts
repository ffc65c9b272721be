/** Models of every family with weights by a formula, and what transformers computes with the same (tests/golden/families). */
import { readdirSync } from "node:fs";
import type { Block } from "../../src/freezing/selection.ts";
import { parseConfig } from "../../src/models/config/parseConfig.ts";
import { families } from "../../src/models/families.ts";
import type { Family } from "../../src/models/family.ts";
import { Parameter } from "../../src/models/parameter.ts";
import type { ParameterSpec } from "../../src/models/parameterSpec.ts";
import { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import { golden, goldenPath } from "../golden/read.ts";

export interface GoldenBatch {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly token_type_ids?: number[][];
  readonly labels: number[];
}

/** Of one tensor: its norm, and either all its values or its dot products with vectors of variance 1/3. */
interface GoldenGradient {
  readonly norm: number;
  readonly values?: number[];
  readonly projections?: number[];
}

export interface GoldenCase extends GoldenBatch {
  readonly config: Record<string, unknown> & { readonly model_type: string };
  readonly loss: number;
  readonly logits: number[][];
  readonly parameters: Record<string, [block: Block, shape: number[]]>;
  /** null where the loss does not depend on the parameter. */
  readonly gradients: Record<string, GoldenGradient | null>;
}

export interface GoldenTraining {
  readonly stages: { readonly train: string; readonly steps: number }[];
  readonly warmup_steps: number;
  readonly learning_rate: number;
  readonly head_learning_rate: number;
  readonly weight_decay: number;
  readonly max_grad_norm: number;
  readonly steps: readonly (GoldenBatch & { stage: string; loss: number; grad_norm: number })[];
  /** Norm of how far each parameter has gone. */
  readonly change: Record<string, number>;
}

/** How `_init_weights` fills a tensor. */
export interface GoldenInitial {
  readonly mean: number;
  readonly std: number;
  /** Indices of rows that are zero. */
  readonly zero_rows: "all" | number[];
}

/** Of each parameter of the first case. */
export const goldenInitial = (modelType: string): Record<string, GoldenInitial> =>
  golden<{ initial: Record<string, GoldenInitial> }>(`families/${modelType}.json`).initial;

/** Key of config.json -> dropout masks that a pass of the first case makes at its rate, where it alone is not 0. */
export const goldenDropouts = (modelType: string): Record<string, number> =>
  golden<{ dropouts: Record<string, number> }>(`families/${modelType}.json`).dropouts;

/** Types of the families that have a golden. */
export const goldenTypes: readonly string[] = readdirSync(goldenPath("families"))
  .map((file) => file.replace(/\.json$/, ""))
  .sort();

export function goldenCases(modelType: string): GoldenCase[] {
  const file = golden<Record<string, unknown>>(`families/${modelType}.json`);
  return Object.keys(file)
    .filter((key) => key.startsWith("case_"))
    .map((key) => file[key] as GoldenCase);
}

export const goldenTraining = (modelType: string): GoldenTraining =>
  golden<{ training: GoldenTraining }>(`families/${modelType}.json`).training;

/** Families that `pipeline()` of `@xenova/transformers` has no class for. */
export const unknownToXenova: readonly string[] = families
  .filter((family) => family.hasXenovaClass === false)
  .map(({ modelType }) => modelType);

export const familyOf = (modelType: string): Family =>
  families.find((family) => family.modelType === modelType) as Family;

/** The model of a golden's config, every weight by the formula. `changes` are keys of config.json. */
export function formulaModel(
  json: Record<string, unknown>,
  changes: Record<string, unknown> = {},
  matrices?: number,
): SequenceClassifier {
  const config = parseConfig({ ...json, ...changes });
  const family = familyOf(config.modelType);
  const parameters = family
    .parameters(config)
    .map((spec) => [spec.name, new Parameter(spec, formulaWeight(spec, matrices), false)] as const);
  return new SequenceClassifier(family, config, new Map(parameters));
}

/** As a tokenizer gives it. */
export const paddedBatch = ({ input_ids, attention_mask, token_type_ids }: Omit<GoldenBatch, "labels">) => ({
  inputIds: input_ids,
  attentionMask: attention_mask,
  ...(token_type_ids === undefined ? {} : { tokenTypeIds: token_type_ids }),
});

/** As `weight` in tests/golden/formula.py: matrices within `matrices`. */
export function formulaWeight({ name, shape }: Pick<ParameterSpec, "name" | "shape">, matrices = 0.3): Float32Array {
  const scale = shape.length > 1 ? matrices : 0.1;
  const centre = name.toLowerCase().endsWith("norm.weight") ? 1 : 0;
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  const seed = seedOf(name);
  for (let i = 0; i < values.length; i++) values[i] = uniformAt(seed, i) * scale + centre;
  return values;
}

/** `count` numbers in [-1, 1), multiples of 2^-23. */
export function uniform(name: string, count: number): Float64Array {
  const seed = seedOf(name);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = uniformAt(seed, i);
  return values;
}

/** FNV-1a of the name. */
function seedOf(name: string): number {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619);
  return seed;
}

/** The finaliser of MurmurHash3. */
function uniformAt(seed: number, i: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + seed) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 8) / 2 ** 23 - 1;
}

/** How far `values` is from the golden's tensor relative to its length: exactly for a small one, else estimated. */
export function relativeError(name: string, values: ArrayLike<number>, expected: GoldenGradient): number {
  const theirs = expected.values ?? expected.projections ?? [];
  if (expected.values !== undefined) return distance(Array.from(values), theirs) / expected.norm;
  const mine = theirs.map((_, k) =>
    uniform(`${name} ${k}`, values.length).reduce((sum, u, i) => sum + u * (values[i] as number), 0),
  );
  // a dot product of the error with a vector of variance 1/3 is a third of the error's square, in the mean
  const estimated = Math.sqrt(3 / theirs.length) * distance(mine, theirs);
  const length = Math.abs(Math.hypot(...Array.from(values)) - expected.norm);
  return Math.max(estimated, length) / expected.norm;
}

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...b.map((value, i) => value - (a[i] as number)));
