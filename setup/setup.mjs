/** `node setup/setup.mjs [--quiet] [--engine-only]`, in a project `npx thaw setup`: everything that has to be there first. */
import { contextFrom, runMain, setUp } from "./setUp.mjs";

const args = process.argv.slice(2);
const has = (flag) => args.includes(flag);
await runMain(() => setUp(contextFrom(args), { quiet: has("--quiet"), engineOnly: has("--engine-only") }));
