/** The proof that a frozen weight did not move: SHA-256 over the bytes of the tensors. */
import { createHash } from "node:crypto";
import { ThawError } from "../errors.ts";
import type { Evidence } from "../history/history.ts";
import { collectYoung } from "../memory/garbage.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import { sizeOf } from "../plan/plan.ts";

/** Parameter name -> SHA-256 of its float32 values, in hexadecimal. */
export type Fingerprint = ReadonlyMap<string, string>;

export function fingerprint(model: SequenceClassifier, names: Iterable<string>): Fingerprint {
  const hashOf = (name: string) => {
    const data = (model.parameters.get(name) as Parameter).data();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return createHash("sha256").update(bytes).digest("hex");
  };
  const hashes = new Map([...names].map((name) => [name, hashOf(name)]));
  if (hashes.size > 0) collectYoung(); // the copies: they may be as large as the model
  return hashes;
}

/** Names whose values differ between the two. */
export function changedNames(before: Fingerprint, after: Fingerprint): string[] {
  return [...before].filter(([name, hash]) => after.get(name) !== hash).map(([name]) => name);
}

/** Throws `FROZEN_CHANGED` where a frozen parameter has moved: a fault of this library, never to be passed over. */
export function assertUnchanged(changed: readonly string[], when: string): void {
  if (changed.length === 0) return;
  throw new ThawError(
    "FROZEN_CHANGED",
    `${changed.length} frozen parameters changed during ${when}, the first is ${changed[0]}. The result is not what the ` +
      "plan says: do not use it, and report this as a bug with the plan.",
  );
}

export function evidenceOf(
  model: SequenceClassifier,
  before: Fingerprint,
  after: Fingerprint,
  optimizer: AdamW,
): Evidence {
  const combined = (fingerprints: Fingerprint) => {
    const lines = [...fingerprints].map(([name, hash]) => `${hash}  ${name}\n`);
    return createHash("sha256").update(lines.join("")).digest("hex");
  };
  const inOptimizer = optimizer.names.filter((name) => before.has(name));
  return {
    frozenParameters: sizeOf(before.keys(), model),
    frozenTensors: before.size,
    before: combined(before),
    after: combined(after),
    changed: changedNames(before, after),
    optimizerBytesForFrozen: 8 * sizeOf(inOptimizer, model), // two float32 moments
  };
}
