import { CodedError } from "../../shared/codedError.ts";

/** What `thaw run` refuses before anything runs. */
export class RunError extends CodedError {
  override readonly name = "RunError";
}
