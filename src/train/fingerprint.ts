/** The proof that a frozen weight did not move: SHA-256 over the bytes of the tensors. */
import { createHash } from "node:crypto";
import { ThawError } from "../errors.ts";
import type { Parameter } from "../models/parameter.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import { collectYoung } from "../platform/machine.ts";

/** Parameter name -> SHA-256 of its float32 values, in hexadecimal. */
export type Fingerprint = ReadonlyMap<string, string>;

/** The hashes of these parameters' present values. */
export function fingerprint(model: SequenceClassifier, names: Iterable<string>): Fingerprint {
  const hashes = new Map([...names].map((name) => [name, hashOf((model.parameters.get(name) as Parameter).data())]));
  if (hashes.size > 0) collectYoung(); // the copies: they may be as large as the model
  return hashes;
}

/** SHA-256 of float32 values, least byte first, in hexadecimal. */
function hashOf(data: Float32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
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

/** One hash over those of all tensors: of lines `<hash>  <name>`, as `sha256sum` prints them. */
export function combinedHash(hashes: Fingerprint): string {
  const lines = [...hashes].map(([name, hash]) => `${hash}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}
