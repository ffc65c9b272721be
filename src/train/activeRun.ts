/** Keeps track of which run trains a model now, and ends a run that nobody goes on with. */
import { currentHost } from "../../shared/host.ts";
import { ThawError } from "../errors.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { breathe } from "../platform/threads.ts";
import { endSection } from "../tensor/section.ts";
import type { TrainerEvent } from "./events.ts";

/** The parts of a training loop that a run drives. */
interface DrivenLoop {
  readonly events: AsyncGenerator<TrainerEvent, void>;
  /**
   * Frees everything and makes the record, at once; where that has been done it does nothing. What is left of the loop sees
   * its signal and ends.
   */
  close(reason: unknown): void;
  readonly isClosed: boolean;
}

const active = new WeakMap<SequenceClassifier, ActiveRun>();

/**
 * A run from its first event to its end. Between two events it is either at work or suspended: whoever takes its events
 * may never ask for the next one. A suspended run ends when its signal fires, when the running cell is stopped, or when
 * another run of the model begins; only one at work keeps others out.
 */
export class ActiveRun {
  readonly #model: SequenceClassifier;
  readonly #loop: DrivenLoop;
  readonly #stop: AbortController;
  readonly #given: AbortSignal | undefined;
  readonly #followed = new Set<AbortSignal>();
  /** How often the run has been asked for an event. */
  #asked = 0;
  #isSuspended = true;

  /**
   * Begins a run as soon as no other is at work on the model; a suspended one is ended first. `make` gives its loop, which
   * stops at the signal that it is given. Throws `IN_TRAINING` where another run is at work.
   */
  static async begin(
    model: SequenceClassifier,
    given: AbortSignal | undefined,
    make: (signal: AbortSignal) => DrivenLoop,
  ): Promise<ActiveRun> {
    for (let run = active.get(model); run !== undefined; run = active.get(model)) {
      run.settle();
      const asked = run.#asked;
      for (let turn = 0; turn < 2; turn++) await breathe(); // one that is only between two events goes on meanwhile
      if (active.get(model) !== run) continue;
      if (!run.#isSuspended || run.#asked !== asked) throw inTraining();
      run.end(anotherBegan());
    }
    const stop = new AbortController();
    return new ActiveRun(model, make(stop.signal), stop, given);
  }

  private constructor(
    model: SequenceClassifier,
    loop: DrivenLoop,
    stop: AbortController,
    given: AbortSignal | undefined,
  ) {
    this.#model = model;
    this.#loop = loop;
    this.#stop = stop;
    this.#given = given;
    active.set(model, this);
  }

  /** Returns the next event. Throws what ended the run, where that was not its own end. */
  async next(): Promise<IteratorResult<TrainerEvent, void>> {
    this.#follow();
    this.#stop.signal.throwIfAborted();
    this.#asked += 1;
    this.#isSuspended = false;
    try {
      return await this.#loop.events.next();
    } finally {
      this.#isSuspended = true;
      if (this.#loop.isClosed) this.#leave();
    }
  }

  /** Ends the run wherever it is: everything is freed, and its record is made. */
  end(reason: unknown): void {
    if (!this.#loop.isClosed) {
      if (!this.#stop.signal.aborted) this.#stop.abort(reason);
      this.#loop.close(this.#stop.signal.reason);
      endSection(); // where V8 ended a step in its middle
      void this.#loop.events.return(undefined).catch(() => undefined);
    }
    this.#leave();
  }

  /** Ends the run if its signal has fired: V8 may have ended what ran then, this run's own listener included. */
  settle(): void {
    const fired = [...this.#followed, this.#stop.signal].find(({ aborted }) => aborted);
    if (fired !== undefined) this.end(fired.reason);
  }

  /** Listens to the given signal and to the cell that runs now: a later cell may be the one that goes on with the run. */
  #follow(): void {
    for (const signal of [this.#given, currentHost()?.signal]) {
      if (signal === undefined || this.#followed.has(signal)) continue;
      this.#followed.add(signal);
      signal.addEventListener("abort", this.#stopped);
    }
    this.settle();
  }

  readonly #stopped = (): void => this.settle();

  #leave(): void {
    for (const signal of this.#followed) signal.removeEventListener("abort", this.#stopped);
    if (active.get(this.#model) === this) active.delete(this.#model);
  }
}

function inTraining(): ThawError {
  return new ThawError(
    "IN_TRAINING",
    "This model is being trained already, by a run that has not ended: two at once would mix their steps. " +
      "Wait for the first (await trainer.train()), or stop it.",
  );
}

function anotherBegan(): ThawError {
  return new ThawError(
    "IN_TRAINING",
    "This run was ended: nobody had asked for its next event, and another run of its model began. trainer.run has what " +
      "there was.",
  );
}
