/** What `params()` refuses. */

/** A parameter that a run may not have, or may not have with this value. */
export class ParameterError extends Error {
  override readonly name = "ParameterError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
