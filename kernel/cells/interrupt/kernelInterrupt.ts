/** The error of an interrupted cell, and how to look at values without swallowing it. */
import { CodedError } from "../../../shared/codedError.ts";

/** The error with which an interrupted cell ends. */
export class KernelInterrupt extends CodedError {
  override readonly name = "KernelInterrupt";
  readonly #isInterrupt = true;

  /** Makes the error; `cause` is the error that the interrupted cell threw instead. */
  constructor(cause?: unknown) {
    super("KERNEL_INTERRUPT", "Interrupted", cause === undefined ? undefined : { cause });
  }

  /** Does what `instanceof` does without the class `Error`, whose `Symbol.hasInstance` a cell may have replaced. */
  static is(value: unknown): value is KernelInterrupt {
    return typeof value === "object" && value !== null && #isInterrupt in value && value.#isInterrupt;
  }
}

/**
 * Returns what `look` returns, or what `otherwise` makes of its error. An interrupt is thrown on: the cell is to stop.
 */
export function tryOr<T>(look: () => T, otherwise: (error: unknown) => T): T {
  try {
    return look();
  } catch (error) {
    if (KernelInterrupt.is(error)) throw error;
    return otherwise(error);
  }
}
