/** What an interrupted cell ends with. */
import { CodedError } from "../../shared/codedError.ts";

export class KernelInterrupt extends CodedError {
  override readonly name = "KernelInterrupt";

  /** `cause` is what the cell threw instead, when it was asked to stop. */
  constructor(cause?: unknown) {
    super("KERNEL_INTERRUPT", "Interrupted", cause === undefined ? undefined : { cause });
  }
}
