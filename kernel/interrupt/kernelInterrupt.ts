/** What an interrupted cell ends with. */

export class KernelInterrupt extends Error {
  override readonly name = "KernelInterrupt";
  readonly code = "KERNEL_INTERRUPT";

  /** `cause` is what the cell threw instead, when it was asked to stop. */
  constructor(cause?: unknown) {
    super("Interrupted", cause === undefined ? undefined : { cause });
  }
}
