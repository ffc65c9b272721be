/** Label smoothing and the weights of labels: what users write, and what the losses are given. */
import { closest } from "../../shared/closest.ts";
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import { inspect } from "../platform/inspect.ts";
import { countLabels } from "./scores.ts";
import type { Labels, LossOptions, ProblemType } from "./task.ts";

/** The weights of labels as users write them. */
export type ClassWeights = "balanced" | readonly number[] | Readonly<Record<string, number>>;

/** The training arguments about the loss. */
interface LossArguments {
  readonly labelSmoothingFactor: number;
  readonly classWeights: ClassWeights | undefined;
}

/** The labels of the training data. */
interface LabelledData {
  readonly problemType: ProblemType;
  readonly labels: Labels;
  /** Names of all labels of the model, in order. */
  readonly names: readonly string[];
}

/** Throws `BAD_ARGUMENT` for values that are impossible for every model. */
export function checkLossArguments({ labelSmoothingFactor: factor, classWeights }: LossArguments): void {
  if (!(typeof factor === "number" && factor >= 0 && factor < 1)) {
    refuse(`labelSmoothingFactor is ${inspect(factor)}; it must be a number from 0 to below 1.`);
  }
  if (classWeights === undefined || classWeights === "balanced") return;
  if (typeof classWeights !== "object" || classWeights === null) {
    refuse(
      `classWeights is ${inspect(classWeights)}; it must be "balanced", a list such as [1, 3], or weights by name: ` +
        "{ positive: 1, negative: 3 }.",
    );
  }
  for (const [label, weight] of Object.entries(classWeights)) {
    if (typeof weight === "number" && Number.isFinite(Math.fround(weight)) && Math.fround(weight) > 0) continue;
    refuse(
      `classWeights gives label ${inspect(label)} the weight ${inspect(weight)}; it must be a number above 0. To train ` +
        "without a label, leave its rows out.",
    );
  }
}

/**
 * Returns the options of the loss for these training labels. Throws `BAD_ARGUMENT` for arguments that the problem type does
 * not have, and for weights that are not one for each label.
 */
export function resolveLoss(args: LossArguments, data: LabelledData): LossOptions {
  const { labelSmoothingFactor: labelSmoothing, classWeights } = args;
  const { problemType } = data;
  if (labelSmoothing > 0 && problemType !== "single_label_classification") {
    refuse(
      `labelSmoothingFactor is ${labelSmoothing}, but the problem type is "${problemType}": only a distribution over labels ` +
        "of which one is right can be smoothed. Leave it out.",
    );
  }
  if (classWeights !== undefined && problemType === "regression") {
    refuse("classWeights is given, but a regression has numbers and no labels to weigh. Leave it out.");
  }
  return {
    ...(labelSmoothing > 0 ? { labelSmoothing } : {}),
    ...(classWeights === undefined ? {} : { classWeights: weightsOf(classWeights, data) }),
  };
}

function weightsOf(given: ClassWeights, { problemType, labels, names }: LabelledData): readonly number[] {
  if (given === "balanced") {
    return problemType === "multi_label_classification"
      ? balancedPositives(labels, names.length)
      : balancedLabels(labels, names.length);
  }
  if (Array.isArray(given)) {
    const list = given as readonly number[];
    if (list.length === names.length) return list;
    refuse(
      `classWeights has ${list.length} weights, but there are ${names.length} labels (${listed(names)}): give one each.`,
    );
  }
  const byName = given as Readonly<Record<string, number>>;
  for (const name of Object.keys(byName)) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    refuse(
      `classWeights has a weight for "${name}", which is no label. ` +
        (near === undefined ? `Labels are: ${listed(names)}.` : `Did you mean "${near}"?`),
    );
  }
  return names.map((name) => {
    if (Object.hasOwn(byName, name)) return byName[name] as number;
    return refuse(`classWeights has no weight for the label "${name}": give every label one, 1 where it is as others.`);
  });
}

/**
 * Weighs each label by `examples / (labels * examples with it)`, over the labels that occur: scikit-learn's
 * `compute_class_weight("balanced")`. A label that does not occur has the weight 1.
 */
export function balancedLabels(labels: Labels, numLabels: number): number[] {
  const counts = countLabels(labels, numLabels);
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 1 : labels.length / (present * count)));
}

/**
 * Weighs each label by the examples without it over those with it, as PyTorch advises for `pos_weight`. A label that is in
 * no example or in all of them has the weight 1. `labels`: `[examples, numLabels]`, row after row.
 */
export function balancedPositives(labels: Labels, numLabels: number): number[] {
  const examples = labels.length / numLabels;
  return Array.from({ length: numLabels }, (_, label) => {
    let positives = 0;
    for (let cell = label; cell < labels.length; cell += numLabels) positives += labels[cell] as number;
    return positives === 0 || positives === examples ? 1 : (examples - positives) / positives;
  });
}

function refuse(message: string): never {
  throw new ThawError("BAD_ARGUMENT", message);
}
