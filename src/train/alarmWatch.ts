/**
 * Watches the losses of a run for alarms that arise while a stage trains: it does not learn, it overfits, it diverges.
 * Each is a test of significance on the losses of single steps or single examples, so that what noise can do is no alarm.
 */
import { formatCount, formatEpoch, formatNumber } from "../display/numbers.ts";
import type { StagePlan } from "../plan/plan.ts";
import type { Alarm } from "./alarms.ts";
import { lowerRate, usualRate } from "./rateAdvice.ts";
import type { HistoryRow } from "./runRecord.ts";
import { chanceOfFall, chanceOfHigher, chanceOfLower, type Level, levelOf } from "./statistics.ts";

/** The inputs of a watch. */
interface WatchInput {
  readonly stages: readonly StagePlan[];
  /** The training loss of a guess, as `chanceLoss` computes it. */
  readonly chance: number;
  /** SHA-256 of the validation data: only losses of the same examples are compared. */
  readonly evaluation?: string | undefined;
}

/** An evaluation: its place in the run, the training loss of its epoch, and the loss of each example. */
interface Evaluation {
  readonly epoch: number;
  readonly trainingLoss: number;
  readonly losses: readonly number[];
  readonly mean: number;
}

/** The memory of a watch as plain data: a checkpoint keeps it, so that a resumed run raises the same alarms. */
export interface WatchState {
  readonly stage: number;
  /** Training loss of each step of the present stage. */
  readonly losses: readonly number[];
  /** Number of the steps of the stage before the present epoch. */
  readonly beforeEpoch: number;
  /** The lowest training loss of an epoch that was surely better than a guess. */
  readonly learnt?: Level & { readonly epoch: number };
  /** The evaluation with the lowest validation loss, the number of all, and the SHA-256 of the data. */
  readonly best?: Evaluation;
  readonly evaluations: number;
  readonly evaluation?: string | undefined;
  /** Codes of the alarms that the present stage has raised: each is raised once. */
  readonly raised: readonly Alarm["code"][];
}

/**
 * The probability below which chance is no explanation. In a run each alarm is looked for some ten times, at the ends of
 * epochs and after 16, 32, 64, ... steps of a stage: chance raises one in fewer than one of a hundred runs.
 */
const surely = 1e-3;
/** The usual level of a single test, for what is to be seen where a stage learns: a loss below that of a guess. */
const single = 0.01;
/**
 * A stage is only said not to learn where its loss is surely no more than 5 % below that of a guess. Of two even labels 5 %
 * are worth an accuracy of 63 % at most (Pinsker's inequality: nats >= 2 (accuracy - 1/2)^2); a stage of a few noisy steps
 * that has learnt more than that is left alone.
 */
const worthSeeing = 0.05;
/** The t-test takes the means of steps as normal; with this many steps the central limit theorem sees to it. */
const fewestSteps = 8;

/** Watches a run. It is told of stages, steps, evaluations and epochs as they come, and answers with new alarms. */
export class AlarmWatch {
  readonly #input: WatchInput;
  #stage: number;
  #losses: number[];
  #beforeEpoch: number;
  #learnt: WatchState["learnt"];
  #best: Evaluation | undefined;
  #evaluations: number;
  #raised: Set<Alarm["code"]>;
  #evaluated: readonly number[] | undefined;

  /** Makes a watch at the beginning of a run, or where `state` was taken. */
  constructor(
    input: WatchInput,
    state: WatchState = { stage: -1, losses: [], beforeEpoch: 0, evaluations: 0, raised: [] },
  ) {
    this.#input = input;
    this.#stage = state.stage;
    this.#losses = [...state.losses];
    this.#beforeEpoch = state.beforeEpoch;
    this.#learnt = state.learnt;
    const isSameData = state.evaluation === input.evaluation;
    this.#best = isSameData ? state.best : undefined;
    this.#evaluations = isSameData ? state.evaluations : 0;
    this.#raised = new Set(state.raised);
  }

  /** The memory of the watch as plain data. */
  get state(): WatchState {
    return {
      stage: this.#stage,
      losses: [...this.#losses],
      beforeEpoch: this.#beforeEpoch,
      ...(this.#learnt === undefined ? {} : { learnt: this.#learnt }),
      ...(this.#best === undefined ? {} : { best: this.#best }),
      evaluations: this.#evaluations,
      ...(this.#input.evaluation === undefined ? {} : { evaluation: this.#input.evaluation }),
      raised: [...this.#raised],
    };
  }

  /** Begins the stage with this index. */
  enterStage(stage: number): void {
    this.#stage = stage;
    this.#losses = [];
    this.#beforeEpoch = 0;
    this.#raised = new Set();
  }

  /** Takes the mean loss of a step; `step` and `epoch` are those done, over the whole run. */
  stepDone(loss: number, step: number, epoch: number): Alarm[] {
    this.#losses.push(loss);
    const count = this.#losses.length;
    // at 16, 32, 64, ... steps: few looks, and an alarm comes within twice the steps that it takes to see it
    if (count < 2 * fewestSteps || (count & (count - 1)) !== 0) return [];
    return this.#raise(step, epoch, this.#risen());
  }

  /** Takes the loss of each example in an evaluation. */
  evaluated(losses: readonly number[]): void {
    this.#evaluated = losses;
  }

  /** Takes a row of the log, after its evaluation if it has one. */
  rowDone(row: HistoryRow, isEpochEnd: boolean): Alarm[] {
    const { step, epoch, loss } = row;
    const found = [this.#overfits(row)];
    if (isEpochEnd) {
      const present = levelOf(this.#losses.slice(this.#beforeEpoch));
      found.unshift(this.#risen(), this.#fallenBack(present));
      // before the middle of a stage its rates may still be rising
      if (this.#losses.length >= this.#plan.steps / 2) found.push(this.#learnsNothing());
      this.#beforeEpoch = this.#losses.length;
      const isLowest = present !== undefined && (this.#learnt === undefined || present.mean < this.#learnt.mean);
      if (isLowest && chanceOfLower(present, this.#input.chance) < surely) this.#learnt = { ...present, epoch };
    }
    const alarms = this.#raise(step, epoch, ...found);
    const losses = this.#evaluated;
    this.#evaluated = undefined;
    if (losses === undefined || loss === undefined) return alarms;
    const mean = losses.reduce((sum, value) => sum + value / losses.length, 0);
    if (this.#best === undefined || mean < this.#best.mean) this.#best = { epoch, trainingLoss: loss, losses, mean };
    this.#evaluations += 1;
    return alarms;
  }

  get #plan(): StagePlan {
    return this.#input.stages[this.#stage] as StagePlan;
  }

  /** The losses of the last half of the stage's steps so far. */
  get #recent(): Level | undefined {
    const count = Math.ceil(this.#losses.length / 2);
    return count < fewestSteps / 2 ? undefined : levelOf(this.#losses.slice(-count));
  }

  #raise(step: number, epoch: number, ...found: readonly (Omit<Alarm, "stage"> | undefined)[]): Alarm[] {
    const alarms: Alarm[] = [];
    for (const alarm of found) {
      if (alarm === undefined || this.#raised.has(alarm.code)) continue;
      // a stage that has diverged does not learn either: the cause is told, not what follows from it
      if (alarm.code !== "DIVERGENCE" && this.#raised.has("DIVERGENCE")) continue;
      this.#raised.add(alarm.code);
      alarms.push({ ...alarm, stage: this.#stage, step, epoch });
    }
    return alarms;
  }

  /** Finds a training loss that has risen above that of a guess and above that of the stage's first step. */
  #risen(): Alarm | undefined {
    const { chance } = this.#input;
    const [first] = this.#losses; // computed before the first update
    const recent = this.#recent;
    if (recent === undefined || first === undefined || this.#losses.length < fewestSteps) return undefined;
    if (chanceOfHigher(recent, Math.max(chance, first)) >= surely) return undefined;
    return {
      code: "DIVERGENCE",
      sentence:
        `The training loss of stage "${this.#plan.name}" has risen to ${formatNumber(recent.mean)} (mean of the last ` +
        `${formatCount(recent.count)} steps, standard error ${formatNumber(recent.error)}); it was ${formatNumber(first)} at ` +
        `the stage's first step, and a guess has ${formatNumber(chance)}. ${lowerRate(this.#plan)}`,
      values: { loss: recent.mean, error: recent.error, steps: recent.count, first, chance },
    };
  }

  /** Finds an epoch whose training loss is that of a guess, after one that was surely better. */
  #fallenBack(present: Level | undefined): Alarm | undefined {
    const { chance } = this.#input;
    const learnt = this.#learnt;
    if (present === undefined || learnt === undefined || present.count < fewestSteps / 2) return undefined;
    if (chanceOfHigher(present, learnt.mean) >= surely || chanceOfLower(present, chance) < single) return undefined;
    return {
      code: "DIVERGENCE",
      sentence:
        `The training loss of stage "${this.#plan.name}" was ${formatNumber(learnt.mean)} in epoch ${formatEpoch(learnt.epoch)} and is back ` +
        `at ${formatNumber(present.mean)}, no better than the ${formatNumber(chance)} of a guess: what was learnt is lost. ` +
        lowerRate(this.#plan),
      values: { loss: present.mean, error: present.error, lowest: learnt.mean, lowestEpoch: learnt.epoch, chance },
    };
  }

  /** Finds a stage whose loss neither is below that of a guess nor falls. */
  #learnsNothing(): Alarm | undefined {
    const { chance } = this.#input;
    const recent = this.#recent;
    if (recent === undefined || this.#losses.length < fewestSteps) return undefined;
    if (chanceOfHigher(recent, (1 - worthSeeing) * chance) >= single) return undefined;
    if (chanceOfLower(recent, chance) < single || chanceOfFall(this.#losses) < single) return undefined;
    return {
      code: "NOT_LEARNING",
      sentence:
        `Stage "${this.#plan.name}" does not learn: its training loss, ${formatNumber(recent.mean)} ± ` +
        `${formatNumber(recent.error)} over the last ${formatCount(recent.count)} steps, is that of a guess ` +
        `(${formatNumber(chance)}) within its noise. ${usualRate(this.#plan)}`,
      values: { loss: recent.mean, error: recent.error, steps: recent.count, chance },
    };
  }

  /** Finds a validation loss that has turned, example by example, while the training loss went on falling. */
  #overfits({ epoch, loss = Number.NaN }: HistoryRow): Alarm | undefined {
    const [now, best] = [this.#evaluated, this.#best];
    if (now === undefined || best === undefined || !(loss < best.trainingLoss)) return undefined;
    if (loss >= this.#input.chance) return undefined; // what is no better than a guess has nothing learnt by heart
    // the same examples twice: the test is on their differences
    const rise = levelOf(now.map((value, i) => value - (best.losses[i] as number)));
    // the best is the lowest of several, any of which noise may have made so: the level is divided among them (Bonferroni)
    if (rise === undefined || chanceOfHigher(rise, 0) >= surely / this.#evaluations) return undefined;
    const { firstEpoch, name, epochs } = this.#plan;
    const kept = Math.ceil(best.epoch) - firstEpoch + 1;
    const fewer = `Give this stage ${kept === 1 ? "1 epoch" : `${kept} epochs`}, or lower its rate.`;
    const advice = kept >= 1 && kept < epochs ? fewer : "Lower the rate of this stage, or train fewer layers in it.";
    return {
      code: "OVERFITTING",
      sentence:
        `The validation loss turned after epoch ${formatEpoch(best.epoch)}: from ${formatNumber(best.mean)} to ` +
        `${formatNumber(best.mean + rise.mean)} in epoch ${formatEpoch(epoch)} (stage "${name}"), while the training loss fell from ` +
        `${formatNumber(best.trainingLoss)} to ${formatNumber(loss)}. ${advice}`,
      values: {
        turnedAfter: best.epoch,
        lowest: best.mean,
        validationLoss: best.mean + rise.mean,
        error: rise.error,
        trainingLossThen: best.trainingLoss,
        trainingLoss: loss,
      },
    };
  }
}
