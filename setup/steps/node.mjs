/** Node.js of a version that everything here was tried on. */
import { SetupProblem } from "../problem.mjs";

export const name = "Node.js";
export const bytes = 0;

/** Least version, and first major version that is too new. */
const least = [20, 19];
const tooNew = 27;

function isSupported(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < tooNew && (major > least[0] || (major === least[0] && minor >= least[1]));
}

export function check({ nodeVersion }) {
  return { done: isSupported(nodeVersion), detail: `${nodeVersion} at ${process.execPath}` };
}

export async function run({ nodeVersion }) {
  throw new SetupProblem({
    code: "BAD_NODE",
    title: "This Node.js cannot run Thaw.",
    looked: `Node.js ${least.join(".")} to ${tooNew - 1}`,
    found: `Node.js ${nodeVersion} at ${process.execPath}`,
    todo: `Install a version in that range (an even one is kept longest), put it first on PATH, and run the command again.`,
  });
}
