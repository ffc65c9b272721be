import { expect, test } from "vitest";
import { isCode } from "../../../../kernel/shared/magics/scan.ts";

test.each<[code: string, is: boolean]>([
  ["", true],
  ["cons", true],
  ["// cons", false],
  ["1 // done\ncons", true],
  ["/* cons", false],
  ["/* done */ cons", true],
  ["'cons", false],
  ["'done'", true],
  ["'done'.toUpp", true],
  ["`cons", false],
  ["`${cons", true],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a cell
  ["`${done} cons", false],
  ["a / cons", true],
  ["x = /cons", false],
  ["x = /done/.te", true],
])("what is typed at the end of %j is code: %s", (code, is) => {
  expect(isCode(code, code.length)).toBe(is);
  expect(isCode(`${code}\n'later'`, code.length)).toBe(is);
});
