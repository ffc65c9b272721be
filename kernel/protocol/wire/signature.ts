/** Who may speak to the kernel: HMAC over the four JSON frames, and no message twice. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Frame } from "./message.ts";

/** Digests remembered against replay; older ones are forgotten first. */
const remembered = 65_536;

/** Signs and checks the frames of one connection. An empty key turns signing, and with it the replay check, off. */
export class Signer {
  readonly #key: string;
  readonly #hash: string;
  readonly #length: number;
  readonly #seen = new Set<string>();
  /** The same digests in a ring, oldest at `#next`: taking the first out of a set gets slow once many have been. */
  readonly #order: string[] = [];
  #next = 0;

  /** `scheme` is the connection file's `signature_scheme`, such as `"hmac-sha256"`. */
  constructor(key: string, scheme = "hmac-sha256") {
    this.#key = key;
    this.#hash = scheme.replace(/^hmac-/, "");
    this.#length = this.sign([]).length;
  }

  /** Hexadecimal digest over `frames`; empty without a key. */
  sign(frames: readonly Frame[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#hash, this.#key);
    for (const frame of frames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** Whether `signature` is right for `frames` and was never seen before. Takes the same time whichever digits are wrong. */
  accept(signature: Uint8Array, frames: readonly Uint8Array[]): boolean {
    if (this.#key === "") return true;
    if (signature.length !== this.#length) return false; // a length is no secret, and 64 MB need not be hashed to see it
    const expected = this.sign(frames);
    if (!timingSafeEqual(Buffer.from(expected), signature)) return false;
    if (this.#seen.has(expected)) return false;
    this.#seen.add(expected);
    this.#seen.delete(this.#order[this.#next] ?? "");
    this.#order[this.#next] = expected;
    this.#next = (this.#next + 1) % remembered;
    return true;
  }
}
