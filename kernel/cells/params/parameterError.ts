import { CodedError } from "../../../shared/codedError.ts";

/** What `params()` refuses: a parameter that a run may not have, or may not have with this value. */
export class ParameterError extends CodedError {
  override readonly name = "ParameterError";
}
