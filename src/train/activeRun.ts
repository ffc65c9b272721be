/** Tracks which run is training a model, and ends a run whose events are no longer consumed. */
import { currentHost } from "../../shared/host.ts";
import { ThawError } from "../errors.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { breathe } from "../platform/threads.ts";
import { endSection } from "../tensor/section.ts";

/** The parts of a training loop, or of another user of the model's weights, that a run drives. */
export interface DrivenLoop<Event> {
  readonly events: AsyncGenerator<Event, void>;
  /**
   * Frees everything and makes the record at once; does nothing if that has been done. The rest of the loop ends at its
   * signal.
   */
  close(reason: unknown): void;
  readonly isClosed: boolean;
}

const active = new WeakMap<SequenceClassifier, ActiveRun<unknown>>();

/**
 * A run from its first event to its end. A run is either working on its next event or suspended between two events, and
 * its consumer may never request the next one. A suspended run ends when its signal fires, when the running cell is
 * stopped, or when another run of the model begins; only a working run blocks other runs.
 */
export class ActiveRun<Event> {
  readonly #model: SequenceClassifier;
  readonly #loop: DrivenLoop<Event>;
  readonly #stop: AbortController;
  readonly #given: AbortSignal | undefined;
  readonly #followed = new Set<AbortSignal>();
  /** Number of events that have been requested of the run. */
  #asked = 0;
  #isSuspended = true;

  /**
   * Begins a run after ending a suspended run of the model. `make` makes its loop, which stops at the signal passed to
   * it. Throws `IN_TRAINING` if another run is working on the model.
   */
  static async begin<Event>(
    model: SequenceClassifier,
    given: AbortSignal | undefined,
    make: (signal: AbortSignal) => DrivenLoop<Event>,
  ): Promise<ActiveRun<Event>> {
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
    loop: DrivenLoop<Event>,
    stop: AbortController,
    given: AbortSignal | undefined,
  ) {
    this.#model = model;
    this.#loop = loop;
    this.#stop = stop;
    this.#given = given;
    active.set(model, this);
  }

  /** Returns the next event. Throws the error or abort reason that ended the run. */
  async next(): Promise<IteratorResult<Event, void>> {
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

  /** Ends the run at any point: frees everything and makes its record. */
  end(reason: unknown): void {
    if (!this.#loop.isClosed) {
      if (!this.#stop.signal.aborted) this.#stop.abort(reason);
      this.#loop.close(this.#stop.signal.reason);
      endSection(); // where V8 ended a step in its middle
      void this.#loop.events.return(undefined).catch(() => undefined);
    }
    this.#leave();
  }

  /**
   * Ends the run if its signal has fired. V8 may have terminated the code that ran then, including this run's own
   * listener.
   */
  settle(): void {
    const fired = [...this.#followed, this.#stop.signal].find(({ aborted }) => aborted);
    if (fired !== undefined) this.end(fired.reason);
  }

  /** Listens to the given signal and to that of the running cell, since a later cell may continue the run. */
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
