/** What a person can act on: what was looked for, what was found, what to do. Printed without a stack trace. */
export class SetupProblem extends Error {
  name = "SetupProblem";

  /** @param {{ code: string, title: string, looked: string, found: string, todo: string }} parts */
  constructor({ code, title, looked, found, todo }) {
    super(title);
    /** Stable identifier such as `"NO_PYTHON"`. */
    this.code = code;
    this.looked = looked;
    this.found = found;
    this.todo = todo;
  }
}

/** The text of a problem, four lines or more; a part of several lines is indented under its label. */
export function formatProblem(problem) {
  const part = (label, text) =>
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
