/** A magic that was asked for something it cannot do. */

export class MagicError extends Error {
  override readonly name = "MagicError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
