/** Type errors as a person reads them: place, code, sentence, and the line itself. */
import { codeFrame } from "../../cells/errors/sources.ts";
import type { Finding } from "../../shared/languageMessages.ts";

/** The content of an `error` message for a cell that was not run. */
export interface Refusal {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** The warning under a cell. */
export function warning(name: string, code: string, findings: readonly Finding[]): string {
  const count = findings.length === 1 ? "1 warning" : `${findings.length} warnings`;
  return `Types: ${count} in ${name}\n${describe(name, code, findings).join("\n")}\n`;
}

/** What a strict kernel says instead of running a cell. */
export function refusal(name: string, code: string, findings: readonly Finding[]): Refusal {
  const count = findings.length === 1 ? "a type error" : `${findings.length} type errors`;
  const evalue = `${name} has ${count} and was not run. Correct it, or run \`%types warn\` to be warned only.`;
  return {
    ename: "TypeScriptError",
    evalue,
    traceback: [`TypeScriptError: ${evalue}`, ...describe(name, code, findings)],
  };
}

function describe(name: string, code: string, findings: readonly Finding[]): string[] {
  const lines = code.split("\n");
  return findings.flatMap((finding) => [
    `${name}:${finding.line}:${finding.column} TS${finding.code}: ${finding.message}`,
    ...codeFrame(lines, finding.line, finding.column),
  ]);
}
