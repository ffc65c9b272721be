#!/usr/bin/env node
/** The command `thaw`, which says in one sentence where its Node.js is too old to run it. */
import { nodeRefusal } from "../shared/nodeVersion.ts";

const refusal = nodeRefusal();
if (refusal === undefined) await import("./program.ts");
else {
  process.stderr.write(`error: ${refusal}\n`);
  process.exitCode = 1;
}
