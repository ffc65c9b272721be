/** A cell without its magics, for who reads it as TypeScript: completeness, diagnostics, completion. */
import { blankMagic, codeCells, findMagics, type Surroundings } from "./find.ts";
import { mayHaveMagics } from "./shapes.ts";

/** Without knowledge of the variables, what parses is code. */
const unknown: Surroundings = { isDefined: () => true, isCommand: () => false };

/**
 * `code` at the same length with its magics blanked: `%time` goes and the code it times stays, `const files = !ls`
 * becomes `const files = []`, and a cell such as `%%bash` is blank as a whole.
 */
export function maskMagics(written: string, surroundings: Surroundings = unknown): string {
  const code = written.replaceAll("\r\n", " \n").replaceAll("\r", "\n");
  if (!mayHaveMagics(code)) return code;
  const magics = findMagics(code, surroundings);
  const [first] = magics;
  if (first?.kind === "cell" && !codeCells.has(first.name)) return code.replace(/[^\r\n]/g, " ");
  return magics.reduceRight(blankMagic, code);
}
