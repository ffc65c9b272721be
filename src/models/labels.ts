/** The labels of a classifier: how many, and what they are called. */
import type { HuggingFaceConfig } from "../config/config.ts";
import { ThawError } from "../errors.ts";

export interface LabelOptions {
  /** Default: as many as `id2label` has, else what the model's config says (2 where it says nothing). */
  readonly numLabels?: number;
  /** Names in order, from index 0. Default: the config's where the number is the same, else `LABEL_0`, `LABEL_1`, ... */
  readonly id2label?: readonly string[];
}

/** The same config with these labels. Throws `BAD_LABEL`. */
export function withLabels(config: HuggingFaceConfig, { numLabels, id2label }: LabelOptions): HuggingFaceConfig {
  const count = numLabels ?? id2label?.length ?? config.numLabels;
  if (!Number.isInteger(count) || count < 2) {
    throw new ThawError(
      "BAD_LABEL",
      `A classifier needs 2 labels or more, got ${count}: set numLabels to how many there are.`,
    );
  }
  if (id2label !== undefined && (id2label.length !== count || new Set(id2label).size !== count)) {
    throw new ThawError(
      "BAD_LABEL",
      `id2label must hold ${count} different names, one a label; got ${JSON.stringify(id2label)}.`,
    );
  }
  if (count === config.numLabels && id2label === undefined) return config;
  const names = id2label ?? Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  return {
    ...config,
    numLabels: count,
    id2label: [...names],
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  };
}
