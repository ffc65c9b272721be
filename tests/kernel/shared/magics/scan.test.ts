// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the cells of this file have placeholders of their own
import { expect, test } from "vitest";
import { isCode, mayHaveMagics, openString, type Shape, scan, shapeOf } from "../../../../kernel/shared/magics/scan.ts";

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
  ["`${done} cons", false],
  ["a / cons", true],
  ["x = /cons", false],
  ["x = /done/.te", true],
  ["`${{ a: 1 }.a} cons", false],
  ["`${{ a: 1 }.a}` + cons", true],
  ["`${[{ a: { b: 1 } }].map((c) => { con", true],
  ["`${a} and ${b} cons", false],
  ["`${`inner ${a}` + con", true],
  ["`${`inner ${a} con", false],
  ["{ a } cons", true],
  ["} cons", true],
  ["`it\\`s cons", false],
  ["`$a cons", false],
  ["`a{ cons", false],
  ["`a}` + cons", true],
  ["'it\\'s cons", false],
  ["'a\\\\' + cons", true],
  ["'not closed\ncons", true],
  ["x = /a[/]cons", false],
  ["x = /a[/]/.te", true],
  ["x = /a\\/cons", false],
  ["/*/ cons", false],
  ["return /cons", false],
  ["returned /cons", true],
  ["f(1) /cons", true],
  ["1 +\n/cons", false],
])("what is typed at the end of %j is code: %s", (code, is) => {
  expect(isCode(code, code.length)).toBe(is);
  expect(isCode(`${code}\n'later'`, code.length)).toBe(is);
});

test.each<[line: string, shape: Shape | undefined]>([
  ["?name", { kind: "help", name: "name" }],
  ["??a.b", { kind: "help", name: "a.b" }],
  [" name? ;", { kind: "help", name: "name" }],
  ["a.b[0]??", { kind: "help", name: "a.b[0]" }],
  ["%%bash?", { kind: "help", name: "%%bash" }],
  ["%who", { kind: "percent", name: "who", at: 0, assigned: false }],
  ["  %%bash -e", { kind: "percent", name: "%bash", at: 2, assigned: false }],
  ["const d = %pwd", { kind: "percent", name: "pwd", at: 10, assigned: true }],
  ["!ls", { kind: "bang", at: 0, assigned: false }],
  [" !!ls", { kind: "bang", at: 1, assigned: false }],
  ["let f: string[] = !ls", { kind: "bang", at: 18, assigned: true }],
  ["f=!ls", { kind: "bang", at: 2, assigned: true }],
  ["!= 3", undefined],
  ["!", undefined],
  ["% b", undefined],
  ["%5", undefined],
  ["x %who", undefined],
  ["x == !ls", undefined],
  ["a ? b : c", undefined],
  ["name", undefined],
])("%j looks like %j", (line, shape) => {
  expect(shapeOf(line)).toEqual(shape);
});

test.each<[code: string, found: string[]]>([
  ["%time a\nb\n!ls\n\n%who", ["%time a", "!ls", "%who"]],
  ["!ls \\\n  -l \\\n  -a\n%who", ["!ls \\\n  -l \\\n  -a", "%who"]],
  ["!ls \\", ["!ls \\"]],
  ["%env A \\\n%who", ["%env A \\", "%who"]], // only a command goes on
  ["a %who\nb; !ls", []],
  ["`\n%who\n`\n%pwd", ["%pwd"]],
  ["`${\n%who\n}`\n%pwd", ["%pwd"]],
  ["/*\n%who\n*/\n%pwd", ["%pwd"]],
  ["'a\n%pwd", ["%pwd"]],
  ["!echo `\n%pwd", ["!echo `", "%pwd"]],
])("the lines of %j that look like magics are %j", (code, found) => {
  expect(scan(code).map(({ start, end }) => code.slice(start, end))).toEqual(found);
});

test.each<[code: string, may: boolean]>([
  ["name?", true],
  ["f(a)??;", true],
  ["a[0]? ", true],
  ["a\n\t%who", true],
  ["!ls", true],
  ["const f = !ls", true],
  ["const d=% pwd", true],
  ["a ? b : c", false],
  ["a?.b ?? c", false],
  ["a % b", false],
  ["a != b", false],
  ["a! + b", false],
  ["// 100%", false],
  ["f('!')", false],
])("whether %j may have magics: %s", (code, may) => {
  expect(mayHaveMagics(code)).toBe(may);
});

test.each<[code: string, cursor: number, begins: number | undefined]>([
  ["f('a", 4, 3],
  ["f(\"it's", 7, 3],
  ["f('a', \"b", 9, 8],
  ["f(`a ${'b", 9, 8],
  ["f(`a ${b} c", 11, undefined], // its quote is too far away for a file's name
  ["f('a') + 'b'", 4, 3],
  ["f('a\nb", 4, 3],
  ["'a'", 0, undefined],
  ["'a'", 1, 1],
  ["'a'", 2, 1],
  ["'a'", 3, undefined],
  ["// 'a", 5, undefined],
  ["x = /'a", 7, undefined],
  ["a + b", 5, undefined],
])("in %j the string that is open at %d begins at %s", (code, cursor, begins) => {
  expect(openString(code, cursor)).toBe(begins);
});
