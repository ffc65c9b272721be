/** The one error class of the library: every message says what was wrong, what was found, and what to do. */
import { CodedError, type LibraryErrorCode } from "../shared/codedError.ts";

export type { LibraryErrorCode } from "../shared/codedError.ts";

/**
 * An error of the library that a user can act on. `code` is stable across versions, such as `"BAD_SELECTION"`
 * (docs/errors.md has them all); `message` is for people and may change.
 */
export class ThawError extends CodedError {
  /** The name of the class, as logs have it. */
  override readonly name = "ThawError";
  /** The stable name of the error, such as `"BAD_SELECTION"`; docs/errors.md lists all of them. */
  declare readonly code: LibraryErrorCode;

  constructor(code: LibraryErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
