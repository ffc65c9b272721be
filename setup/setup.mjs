/** `node setup/setup.mjs [--quiet]`: everything that has to be there before the tests and the notebooks. */
import { contextFrom, runMain, setUp } from "./setUp.mjs";

const args = process.argv.slice(2);
await runMain(() => setUp(contextFrom(args), { quiet: args.includes("--quiet") }));
