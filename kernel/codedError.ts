/** Errors of the kernel that a user can act on. */

/** `code` is stable across versions; `message` is for people and may change. */
export class CodedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
