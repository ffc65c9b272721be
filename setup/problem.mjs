/** Defines problems that a person can act on, and turns those of pip and npm into such. */
import { lastLines } from "./child.mjs";

/** A problem says what was looked for, what was found and what to do. It is printed without a stack trace. */
export class SetupProblem extends Error {
  /** @override */
  name = "SetupProblem";

  /** @param {{ code: string, title: string, looked: string, found: string, todo: string }} parts `code`: stable, as in `"NO_PYTHON"` */
  constructor({ code, title, looked, found, todo }) {
    super(title);
    this.code = code;
    this.looked = looked;
    this.found = found;
    this.todo = todo;
  }
}

/**
 * Returns the text of a problem, four lines or more; a part of several lines is indented under its label.
 * @param {SetupProblem} problem
 */
export function formatProblem(problem) {
  const part = (/** @type {string} */ label, /** @type {string} */ text) =>
    `  ${label.padEnd(11)} ${text
      .trim()
      .split("\n")
      .join(`\n${" ".repeat(14)}`)}`;
  return [
    `${problem.message}`,
    part("Looked for:", problem.looked),
    part("Found:", problem.found),
    part("Do:", problem.todo),
  ].join("\n");
}

const noConnection =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|Failed to establish a new connection|Temporary failure in name resolution|Name or service not known|Connection refused|network is unreachable|Max retries exceeded|SSLError|CERTIFICATE_VERIFY_FAILED/i;
const noSpace = /ENOSPC|No space left on device/i;

/**
 * Tells whether this output of pip or npm speaks of a connection that failed.
 * @param {string} output
 */
export const speaksOfConnection = (output) => noConnection.test(output);

/**
 * Turns a failed call of pip or npm into one clear problem.
 * @param {"pip" | "npm"} tool
 * @param {string} what what it was to fetch, as in "the Python packages"
 * @param {string} output what the tool printed
 */
export function fetchProblem(tool, what, output) {
  if (noSpace.test(output)) {
    return new SetupProblem({
      code: "NO_SPACE",
      title: `The disk filled up while ${tool} fetched ${what}.`,
      looked: "room for the download and what it unpacks to",
      found: "no space left on the device",
      todo: "Free some gigabytes on this disk and run the command again; it goes on from here.",
    });
  }
  const other = /DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode|EINTEGRITY/.test(output);
  if (other) {
    return new SetupProblem({
      code: "BAD_CONTENT",
      title: `What ${tool} fetched of ${what} is not what this project was made with, or has no hash to be told by.`,
      looked: "files with the hashes that package-lock.json, setup/requirements.txt and setup/fetched.txt give",
      found: lastLines(
        output
          .split("\n")
          .filter((line) => /hash|integrity|expected|got|from /i.test(line))
          .join("\n"),
        6,
      ),
      todo: "Run the command again: the download may have been damaged, and nothing of it was installed.\nIf it stays, the package was changed upstream or on its way: do not use it, and tell us.",
    });
  }
  if (speaksOfConnection(output)) {
    const registry = tool === "pip" ? "the Python package index" : "the npm registry";
    return new SetupProblem({
      code: "NO_NETWORK",
      title: `${tool} could not reach ${registry} to fetch ${what}.`,
      looked: `a connection to ${registry}, as ${tool} is configured here (proxy, index, certificate)`,
      found: lastLines(output.split("\n").filter(speaksOfConnection).join("\n"), 2),
      todo: `Check the network${tool === "pip" ? ", `pip config list`" : ", `npm config list`"} and HTTPS_PROXY, then run the command again; it goes on from here.`,
    });
  }
  return new SetupProblem({
    code: "FETCH_FAILED",
    title: `${tool} could not fetch ${what}.`,
    looked: what,
    found: lastLines(output),
    todo: "Read the lines above; run the command again when their cause is gone. It goes on from here.",
  });
}
