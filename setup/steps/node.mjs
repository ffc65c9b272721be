/** Looks for a Node.js of a version that everything here was tried on. */
import { SetupProblem } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

/** These versions are those of package.json's `engines`; 21 and the first of 22 lack what 20.19 has. */
const supported = "Node.js 20.19 or a later 20, or 22.12 to 26";

/** @param {string} version */
function isSupported(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || (major > 22 && major < 27);
}

/** @type {Step} */
export const node = {
  name: "Node.js",
  bytes: 0,
  check({ nodeVersion }) {
    return { done: isSupported(nodeVersion), detail: `${nodeVersion} at ${process.execPath}` };
  },
  async run({ nodeVersion }) {
    throw new SetupProblem({
      code: "BAD_NODE",
      title: "This Node.js cannot run Thaw.",
      looked: supported,
      found: `Node.js ${nodeVersion} at ${process.execPath}`,
      todo: `Install a version in that range (an even one is kept longest), put it first on PATH, and run the command again.`,
    });
  },
};
