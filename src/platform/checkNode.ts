/** Throws on a Node.js that cannot run this library. The first import of index.ts, so that nothing else is run before. */
import { CodedError } from "../../shared/codedError.ts";
import { nodeRefusal } from "../../shared/nodeVersion.ts";

const refusal = nodeRefusal();
if (refusal !== undefined) throw new CodedError("BAD_NODE", refusal);
