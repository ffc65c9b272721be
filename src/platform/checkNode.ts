/**
 * Throws `BAD_NODE` on a Node.js that cannot run this library. index.ts imports it first, so that nothing else runs
 * before.
 */
import { CodedError } from "../../shared/codedError.ts";
import { nodeRefusal } from "../../shared/nodeVersion.ts";

const refusal = nodeRefusal();
if (refusal !== undefined) throw new CodedError("BAD_NODE", refusal);
