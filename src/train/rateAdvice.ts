/** The learning rates that alarms advise: those at which a fresh head, and pretrained layers, usually learn. */
import { formatRate } from "../display/numbers.ts";
import type { StagePlan } from "../plan/plan.ts";

/** Peak rates of the recipes: of a head alone (as classifierOnly has it), and of layers (BERT 2e-5 to 5e-5, Devlin et al. 2019). */
const [headAlone, layers] = [1e-3, 5e-5];

/** The rates of a stage, as far as advice depends on them. */
type Rates = Pick<StagePlan, "learningRate" | "headLearningRate">;

/** Advises lower rates for a stage that has diverged. */
export function lowerRate({ learningRate, headLearningRate }: Rates): string {
  const rates = [learningRate, headLearningRate].filter((rate) => rate !== undefined);
  const present = `The highest rate is ${formatRate(Math.max(...rates))}`;
  if (learningRate === undefined) return `${present}: set headLearningRate: ${below(headLearningRate, headAlone)}.`;
  return `${present}: set learningRate: ${below(learningRate, layers)}, with warmupSteps: 0.1.`;
}

/** Writes the usual rate, or a tenth of the present one where that is hardly higher. */
const below = (present: number | undefined, usual: number): string =>
  (present === undefined || present > 2 * usual ? usual : present / 10).toExponential(0);

/** Advises rates for a stage that does not learn. */
export function usualRate({ learningRate, headLearningRate = 0 }: Rates): string {
  if (learningRate === undefined) {
    const isUsual = headLearningRate >= headAlone && headLearningRate <= 10 * headAlone;
    return isUsual
      ? "Its rate is a usual one: train some layers with the head, such as lastLayers(2), and look at the labels."
      : "Set headLearningRate: 1e-3 for this stage, at which a head alone learns.";
  }
  if (learningRate < 2e-5) return "Set learningRate: 5e-5 and headLearningRate: 1e-3 for this stage.";
  if (learningRate > 1e-4) return "Set learningRate: 5e-5 and warmupSteps: 0.1 for this stage; its rate is a high one.";
  return "Its rates are usual ones: train longer, add warmupSteps: 0.1, and look at the labels.";
}
