import { CodedError } from "../../../shared/codedError.ts";

/** A magic that was asked for something it cannot do. */
export class MagicError extends CodedError {
  override readonly name = "MagicError";
}
