/** Hashes that prove that frozen weights did not change, and copies of the weights of the best epoch. */
import { ThawError } from "../errors.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { createHash } from "../platform/bytes.ts";
import { sha256Of } from "../tensor/sha256.ts";
import type { NamedTensor } from "../weights/safetensors/write.ts";

/** Parameter name -> SHA-256 of its float32 values, in hexadecimal. */
export type Fingerprint = ReadonlyMap<string, string>;

/** Hashes the current values of these parameters. */
export function fingerprint(model: SequenceClassifier, names: Iterable<string>): Fingerprint {
  const each = [...names];
  const hashes = sha256Of(each.map((name) => (model.parameters.get(name) as Parameter).variable.value));
  return new Map(each.map((name, i) => [name, hashes[i] as string]));
}

/** Returns the names whose values differ between the two. */
export function changedNames(before: Fingerprint, after: Fingerprint): string[] {
  return [...before].filter(([name, hash]) => after.get(name) !== hash).map(([name]) => name);
}

/** Throws `FROZEN_CHANGED` if a frozen parameter has changed: a bug of this library that must never pass silently. */
export function assertUnchanged(changed: readonly string[], when: string): void {
  if (changed.length === 0) return;
  throw new ThawError(
    "FROZEN_CHANGED",
    `${changed.length} frozen parameters changed during ${when}, the first is ${changed[0]}. The result is not what the ` +
      "plan says: do not use it, and report this as a bug with the plan.",
  );
}

/** Returns one hash over all tensors: the SHA-256 of lines `<hash>  <name>`, in the format of `sha256sum`. */
export function combinedHash(hashes: Fingerprint): string {
  const lines = [...hashes].map(([name, hash]) => `${hash}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/** Copies of the weights of the best epoch, which can be restored to the model. */
export class KeptWeights {
  readonly #model: SequenceClassifier;
  readonly #names: ReadonlySet<string>;
  readonly #weights = new Map<string, Float32Array>();

  /** Makes an empty copy of the named parameters: those that train at any time in the run. */
  constructor(model: SequenceClassifier, names: ReadonlySet<string>) {
    this.#model = model;
    this.#names = names;
  }

  /** Copies the current values, replacing the earlier copy. */
  keep(): void {
    for (const name of this.#names) {
      const [kept, now] = [this.#weights.get(name), this.#parameter(name).data()];
      if (kept === undefined) this.#weights.set(name, now);
      else kept.set(now); // a second set beside the first would double the memory
    }
  }

  /** Returns the copies of these parameters. */
  named(names: Iterable<string>): NamedTensor[] {
    return [...names].flatMap((name) => {
      const data = this.#weights.get(name);
      return data === undefined ? [] : [{ name, shape: this.#parameter(name).shape, data }];
    });
  }

  /** Makes these values the copy, and the present ones of all other parameters. */
  set(values: ReadonlyMap<string, Float32Array>): void {
    for (const name of this.#names) this.#weights.set(name, values.get(name) ?? this.#parameter(name).data());
  }

  /** Restores the values of the last copy to the model; does nothing if there is none. */
  restore(): void {
    for (const [name, values] of this.#weights) this.#parameter(name).assign(values);
  }

  #parameter(name: string): Parameter {
    return this.#model.parameters.get(name) as Parameter;
  }
}
