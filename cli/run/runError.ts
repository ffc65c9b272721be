import { CodedError } from "../../shared/codedError.ts";

/** The error of `thaw run` that refuses something before anything runs. */
export class RunError extends CodedError {
  override readonly name = "RunError";
}
