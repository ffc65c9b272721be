/** What an interrupted cell ends with. */
import { CodedError } from "../../../shared/codedError.ts";

export class KernelInterrupt extends CodedError {
  override readonly name = "KernelInterrupt";
  readonly #isInterrupt = true;

  /** `cause` is what the cell threw instead, when it was asked to stop. */
  constructor(cause?: unknown) {
    super("KERNEL_INTERRUPT", "Interrupted", cause === undefined ? undefined : { cause });
  }

  /** `instanceof`, which asks `Error`, and a cell may have put something else in the way of an answer. */
  static is(value: unknown): value is KernelInterrupt {
    return typeof value === "object" && value !== null && #isInterrupt in value && value.#isInterrupt;
  }
}

/** What `look` returns, or what `otherwise` makes of the error it throws. An interrupt is thrown on: the cell is to stop. */
export function tryOr<T>(look: () => T, otherwise: (error: unknown) => T): T {
  try {
    return look();
  } catch (error) {
    if (KernelInterrupt.is(error)) throw error;
    return otherwise(error);
  }
}
