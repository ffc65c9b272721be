/** The labels of a classifier: how many, what they are called, and which of them a text can have. */
import { type HuggingFaceConfig, type ProblemType, problemTypes } from "../config/config.ts";
import { ThawError } from "../errors.ts";

export interface LabelOptions {
  /** Outputs of the head. Default: as many as `id2label` has, else what the model's config says (2 where it says nothing). */
  readonly numLabels?: number;
  /** Names in order, from index 0. Default: the config's where the number is the same, else `LABEL_0`, `LABEL_1`, ... */
  readonly id2label?: readonly string[];
  /**
   * "single_label_classification", "multi_label_classification" (any number of labels a text) or "regression". Default:
   * the config's where the number of labels is the same; else "regression" for one label, and for more what the data is
   * that it is first trained on: lists of labels are several labels a text, all else one.
   */
  readonly problemType?: ProblemType;
}

/** The same config with these labels. Throws `BAD_LABEL`. */
export function withLabels(config: HuggingFaceConfig, options: LabelOptions): HuggingFaceConfig {
  const { numLabels, id2label } = options;
  const count = numLabels ?? id2label?.length ?? config.numLabels;
  if (!Number.isInteger(count) || count < 1) {
    throw new ThawError(
      "BAD_LABEL",
      `A model needs 1 label or more, got ${JSON.stringify(count)}: set numLabels to how many there are, as a number.`,
    );
  }
  if (id2label !== undefined && (id2label.length !== count || new Set(id2label).size !== count)) {
    throw new ThawError(
      "BAD_LABEL",
      `id2label must hold ${count} different names, one a label; got ${JSON.stringify(id2label)}.`,
    );
  }
  const problemType = problemTypeOf(options, count, config);
  const named = withNames(config, count, id2label);
  return problemType === named.problemType ? named : { ...named, problemType };
}

function withNames(config: HuggingFaceConfig, count: number, id2label: readonly string[] | undefined) {
  if (count === config.numLabels && id2label === undefined) return config;
  const names = id2label ?? Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  return {
    ...config,
    numLabels: count,
    id2label: [...names],
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  };
}

function problemTypeOf(
  { problemType }: LabelOptions,
  count: number,
  config: HuggingFaceConfig,
): ProblemType | undefined {
  if (problemType !== undefined && !problemTypes.includes(problemType)) {
    throw new ThawError("BAD_LABEL", `problemType is "${problemType}"; known are ${problemTypes.join(", ")}.`);
  }
  const asked = problemType ?? (count === config.numLabels ? config.problemType : undefined);
  if (count > 1) return asked;
  if (asked !== "single_label_classification") return asked ?? "regression";
  throw new ThawError(
    "BAD_LABEL",
    'One label a text needs 2 labels or more, got 1: set numLabels: 2, or problemType: "regression" for a number a text.',
  );
}
