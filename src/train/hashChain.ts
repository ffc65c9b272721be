/**
 * The hash chain of a run: every so many steps one SHA-256 over everything that the run has come to. Two runs whose last
 * links are equal had equal weights, moments and counters, and saw the same examples in the same order, at every link.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { createHash } from "../platform/bytes.ts";
import { sha256Of } from "../tensor/sha256.ts";
import type { ChainLink } from "./runRecord.ts";

/** The chain as plain JSON data, from which another one goes on. */
export interface ChainState {
  readonly links: readonly ChainLink[];
  /** SHA-256 of the rows of the examples seen since the last link. */
  readonly seen: string;
}

/** The counters that a link covers. */
export interface ChainCounters {
  readonly stage: number;
  /** Number of optimizer steps and of whole epochs so far, over the whole run. */
  readonly step: number;
  readonly epochs: number;
  /** Number of micro-batches so far, which numbers the dropout masks. */
  readonly microBatch: number;
}

const nothingSeen = "";

/** Makes the links of a run. */
export class HashChain {
  #links: readonly ChainLink[];
  #seen: string;

  /** Makes a chain without links, or goes on with one whose `state` was taken. */
  constructor({ links, seen }: ChainState = { links: [], seen: nothingSeen }) {
    this.#links = links;
    this.#seen = seen;
  }

  /** The links so far, and the examples seen since the last one, as plain data. */
  get state(): ChainState {
    return { links: this.#links, seen: this.#seen };
  }

  /** Takes in the examples of an optimizer step: their rows in the training data. */
  saw(rows: Iterable<number>): void {
    this.#seen = createHash("sha256").update(this.#seen).update(Uint32Array.from(rows)).digest("hex");
  }

  /** Makes a link over the present weights of these parameters and the optimizer's state. */
  link(model: SequenceClassifier, trained: Iterable<string>, optimizer: AdamW, counters: ChainCounters): void {
    const values: (readonly [name: string, tensor: Tensor])[] = [];
    for (const name of [...trained].sort()) {
      values.push([`weight ${name}`, (model.parameters.get(name) as Parameter).variable.value]);
      const moments = optimizer.state.get(name);
      if (moments === undefined) continue;
      const { step, m, v } = moments;
      values.push([`first moment ${name} after ${step} steps`, m.value], [`second moment ${name}`, v.value]);
    }
    const hashes = sha256Of(values.map(([, tensor]) => tensor));
    const { step, stage, epochs, microBatch } = counters;
    const lines = [
      this.#links.at(-1)?.sha256 ?? "",
      `step ${step}, stage ${stage}, epochs ${epochs}, micro-batches ${microBatch}, seen ${this.#seen}`,
      ...values.map(([name], i) => `${hashes[i]}  ${name}`),
    ];
    const sha256 = createHash("sha256")
      .update(`${lines.join("\n")}\n`)
      .digest("hex");
    this.#links = [...this.#links, { step, sha256 }];
    this.#seen = nothingSeen;
  }
}
