/** The one error class of the library: every message says what was wrong, what was found, and what to do. */

/** An error a user can act on. `code` is stable across versions; `message` is for people and may change. */
export class ThawError extends Error {
  override readonly name = "ThawError";
  /** Stable identifier such as `"BAD_SELECTION"`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
