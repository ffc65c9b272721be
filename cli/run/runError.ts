/** What `thaw run` refuses before anything runs. */

export class RunError extends Error {
  override readonly name = "RunError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
