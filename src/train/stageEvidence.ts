/**
 * The evidence that a stage trained what its plan says and nothing else: hashes of what was frozen, and what the optimizer
 * holds against what got a gradient. A contradiction ends the run.
 */
import { listed } from "../display/listed.ts";
import { formatCount } from "../display/numbers.ts";
import { ThawError } from "../errors.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { type PlannedStage, sizeOf } from "../plan/plan.ts";
import { assertUnchanged, changedNames, combinedHash, type Fingerprint, fingerprint } from "./weights.ts";

/** The evidence of a stage that has ended, as plain data: hashes of the frozen weights, and what the optimizer updated. */
export interface StageEvidence {
  /** The parameters that were frozen in the stage, and the SHA-256 of their values before and after it. */
  readonly frozen: {
    /** Number of the tensors, and of the values in them. */
    readonly tensors: number;
    readonly parameters: number;
    /** Combined hash as in `WeightsRecord`. */
    readonly before: string;
    readonly after: string;
    /** Names of the tensors whose bytes differ: always empty, or the run would have failed. */
    readonly changed: readonly string[];
  };
  /** The optimizer at the end of the stage, compared with the stage's selection. */
  readonly optimizer: {
    /** Number of the tensors that the stage trains. */
    readonly trainable: number;
    /** Number of the tensors that the optimizer has updated: those that got a gradient. */
    readonly updated: number;
    /** Names of the trainable tensors that the loss does not depend on: no step has given them a gradient. */
    readonly withoutGradient: readonly string[];
    /** Number of frozen tensors that the optimizer holds state for: always 0, or the run would have failed. */
    readonly frozen: number;
  };
  /** The step counts that AdamW corrects its moments by, at the end of the stage, over the updated tensors. */
  readonly steps: {
    readonly lowest: number;
    readonly highest: number;
    /** Step counts of the tensors that have taken fewer steps than `highest`, by name. */
    readonly fewer: Readonly<Record<string, number>>;
  };
  /** The tensors that were random when the stage began. */
  readonly newlyInitialized: {
    readonly trained: readonly string[];
    readonly untrained: readonly string[];
  };
}

/** The evidence collected so far in a stage that still runs, as plain data: a checkpoint keeps it. */
export interface EvidenceState {
  /** Hash of each frozen tensor, by name. */
  readonly before: Readonly<Record<string, string>>;
  /** Step count of each tensor in the optimizer, by name. */
  readonly steps: Readonly<Record<string, number>>;
  /** Number of the stage's steps in which each tensor got a gradient, by name. */
  readonly gradients: Readonly<Record<string, number>>;
  readonly newlyInitialized: readonly string[];
}

interface CollectorInput {
  readonly model: SequenceClassifier;
  readonly optimizer: AdamW;
  readonly stage: PlannedStage;
  /** Index of the stage, for messages. */
  readonly index: number;
}

/** Collects the evidence of a stage from its beginning to its end. */
export class StageEvidenceCollector {
  readonly #input: CollectorInput;
  readonly #before: Fingerprint;
  readonly #steps: ReadonlyMap<string, number>;
  readonly #gradients: Map<string, number>;
  readonly #newlyInitialized: readonly string[];

  /**
   * Begins a stage, whose mask and optimizer are set, or goes on with one whose `state` was taken. Throws
   * `OPTIMIZER_MISMATCH` if what the stage trains has no learning rate, or the other way round.
   */
  constructor(input: CollectorInput, state?: EvidenceState) {
    this.#input = input;
    const { model, optimizer, stage } = input;
    const { trainable, learningRates } = stage;
    this.#refuse(
      [...trainable].filter((name) => !learningRates.has(name)),
      "are to train, but have no learning rate",
    );
    this.#refuse(
      [...learningRates.keys()].filter((name) => !trainable.has(name)),
      "have a learning rate, but are frozen",
    );
    this.#refuse(this.#frozenInOptimizer, "are frozen, but the optimizer has state for them");
    this.#before = state === undefined ? fingerprint(model, this.#frozen) : new Map(Object.entries(state.before));
    this.#steps = new Map(
      state === undefined
        ? optimizer.names.map((name) => [name, optimizer.stepsOf(name)])
        : Object.entries(state.steps),
    );
    this.#gradients = new Map(Object.entries(state?.gradients ?? {}));
    this.#newlyInitialized = state?.newlyInitialized ?? model.newlyInitialized;
  }

  /** The evidence collected so far, as plain data. */
  get state(): EvidenceState {
    return {
      before: Object.fromEntries(this.#before),
      steps: Object.fromEntries(this.#steps),
      gradients: Object.fromEntries(this.#gradients),
      newlyInitialized: this.#newlyInitialized,
    };
  }

  /** Takes the names of the parameters that got a gradient in a step. */
  stepDone(names: readonly string[]): void {
    for (const name of names) this.#gradients.set(name, (this.#gradients.get(name) ?? 0) + 1);
  }

  /**
   * Ends the stage. Throws `FROZEN_CHANGED` if a frozen tensor has changed, and `OPTIMIZER_MISMATCH` if the optimizer holds
   * others than those that got a gradient, or has counted other steps.
   */
  finish(): StageEvidence {
    const { model, optimizer, stage, index } = this.#input;
    const after = fingerprint(model, this.#before.keys());
    const changed = changedNames(this.#before, after);
    assertUnchanged(changed, `stage ${index}`);
    this.#refuse(this.#frozenInOptimizer, "are frozen, but the optimizer has state for them");
    this.#refuse(
      [...stage.trainable].filter((name) => this.#taken(name) !== (this.#gradients.get(name) ?? 0)),
      "got a gradient in other steps than those that the optimizer has counted",
    );
    const updated = [...stage.trainable].filter((name) => this.#gradients.has(name));
    const counts = new Map(updated.map((name) => [name, optimizer.stepsOf(name)]));
    const highest = [...counts.values()].reduce((most, count) => Math.max(most, count), 0);
    const lowest = [...counts.values()].reduce((least, count) => Math.min(least, count), highest);
    const isUntrained = new Set(model.newlyInitialized);
    return {
      frozen: {
        tensors: this.#before.size,
        parameters: sizeOf(this.#before.keys(), model),
        before: combinedHash(this.#before),
        after: combinedHash(after),
        changed,
      },
      optimizer: {
        trainable: stage.trainable.size,
        updated: updated.length,
        withoutGradient: [...stage.trainable].filter((name) => !this.#gradients.has(name)),
        frozen: this.#frozenInOptimizer.length,
      },
      steps: {
        lowest,
        highest,
        fewer: Object.fromEntries([...counts].filter(([, count]) => count < highest)),
      },
      newlyInitialized: {
        trained: this.#newlyInitialized.filter((name) => !isUntrained.has(name)),
        untrained: this.#newlyInitialized.filter((name) => isUntrained.has(name)),
      },
    };
  }

  get #frozen(): string[] {
    const { model, stage } = this.#input;
    return [...model.parameters.keys()].filter((name) => !stage.trainable.has(name));
  }

  get #frozenInOptimizer(): string[] {
    const { optimizer, stage } = this.#input;
    return optimizer.names.filter((name) => !stage.trainable.has(name));
  }

  /** Number of steps that the optimizer has counted for a parameter since the stage began. */
  #taken(name: string): number {
    return this.#input.optimizer.stepsOf(name) - (this.#steps.get(name) ?? 0);
  }

  #refuse(names: readonly string[], fault: string): void {
    if (names.length === 0) return;
    throw new ThawError(
      "OPTIMIZER_MISMATCH",
      `Stage ${this.#input.index}: ${formatCount(names.length)} parameters ${fault}: ${listed(names)}. The result is not what ` +
        "the plan says: do not use it, and report this as a bug with the plan.",
    );
  }
}
