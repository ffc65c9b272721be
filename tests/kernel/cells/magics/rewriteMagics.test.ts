// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the cells of this file have placeholders of their own
import { expect, test } from "vitest";
import { rewriteMagics } from "../../../../kernel/cells/magics/rewriteMagics.ts";
import { maskMagics } from "../../../../kernel/shared/magics/find.ts";
import { mayHaveMagics } from "../../../../kernel/shared/magics/scan.ts";

const surroundings = {
  isDefined: (name: string) => ["done", "limit", "files", "console"].includes(name),
  isCommand: (name: string) => ["ls", "pwd"].includes(name),
};
const rewrite = (code: string) => rewriteMagics(code, surroundings);

test.each([
  ["%pwd", 'await __thaw.magics.line("pwd",``);'],
  ["%env HOME;", 'await __thaw.magics.line("env",`HOME`);'],
  ["const home = %env HOME", 'const home = await __thaw.magics.line("env",`HOME`);'],
  ["!ls -la | grep 'x'", "await __thaw.magics.shell(`ls -la | grep 'x'`);"],
  ["!ls", "await __thaw.magics.shell(`ls`);"],
  ["!!ls -l", "await __thaw.magics.shell(`ls -l`);"],
  ["const files = !ls", "const files = await __thaw.magics.lines(`ls`);"],
  [
    "!cat ${files[0]} ${HOME} $HOME `id`",
    "await __thaw.magics.shell(`cat ${__thaw.magics.text(files[0])} \\${HOME} $HOME \\`id\\``);",
  ],
  ["done?", 'await __thaw.magics.page("done");'],
  ["?console.log", 'await __thaw.magics.page("console.log");'],
  ["done??", 'await __thaw.magics.page("done");'],
  ["%time f(1) // fast", 'await __thaw.magics.time(()=>(f(1)),"");'],
  ["%time await f(1);", 'await __thaw.magics.time(async()=>(await f(1)),"");'],
  ["%time const x = 1;", "__thaw.magics.begin();const x = 1;;__thaw.magics.end();"],
  ["%timeit -n 3 -r 2 f()", 'await __thaw.magics.timeit(()=>(f()),"-n 3 -r 2");'],
  ["%timeit -x", 'await __thaw.magics.timeit(()=>(-x),"");'],
  ["%time f(\n  1,\n)\ng()", 'await __thaw.magics.time(()=>(f(\n  1,\n)),"");\ng()'],
  ["%%time\nconst x = 1\nx", "__thaw.magics.beginCell();\nconst x = 1\nx"],
  ["\n%%bash -e\necho `x`\n\necho 2", '\nawait __thaw.magics.cell("bash",`-e`,"echo `x`\\n\\necho 2");\n\n\n'],
  ["const a = 1\n%who", 'const a = 1\nawait __thaw.magics.line("who",``);'],
  [
    "for (const i of [1]) {\n  !echo ${i}\n}",
    "for (const i of [1]) {\n  await __thaw.magics.shell(`echo ${__thaw.magics.text(i)}`);\n}",
  ],
  ["!echo a \\\n  b\ndone", "await __thaw.magics.shell(`echo a \\\\\n  b`);\n\ndone"],
  ["const x = %time f(2)", 'const x = await __thaw.magics.time(()=>(f(2)),"");'],
  ["a()\n%%bash x", 'a()\nawait __thaw.magics.line("%bash",`x`);'],
  ["%nonsense x", 'await __thaw.magics.line("nonsense",`x`);'],
])("%j becomes a call on its own line", (code, expected) => {
  const rewritten = rewrite(code)?.replace("b`);\n\n", "b`);\n\n");
  expect(rewritten).toBe(expected);
});

test.each([
  "a\n  % b",
  "const rest = limit\n%limit",
  "!done",
  "const ok = !done",
  "const ok = !dnoe",
  "!limit.ok && f()",
  "const text = `\n%time x\n!ls\nname?\n`",
  "/*\n%time x\n!ls\n*/ done",
  "// name?\ndone",
  'const s = "a\\\n%time x"',
  "const pick = done ?\n  1 : 2",
  "const pick = done\n  ?limit\n  :files",
  "const pattern = /[`/]/\nconst t = `\n!ls\n`",
  "`${done ? `\n!ls` : ''}\n%time x`",
  "const tag = <b>{done}</b>\nconst ok = !done",
  "interface A {\n  done?\n}",
  "x = y as any",
])("%j stays as it is", (code) => {
  expect(rewrite(code)).toBeUndefined();
});

test("code beside a magic stays code", () => {
  const code = "%pwd\nconst rest = 7\n  %limit\nconst t = `\n!ls\n`\nconst no = !done";
  expect(rewrite(code)).toBe(code.replace("%pwd", 'await __thaw.magics.line("pwd",``);'));
});

test("rewriting keeps the number of lines in front of everything that can throw", () => {
  const code = "%time f(\n1)\n!ls\n%%x\nconst a = !ls -l | grep x\nthrow new Error()";
  const line = (text: string) => text.slice(0, text.indexOf("throw")).split("\n").length;
  expect(line(rewrite(code) ?? "")).toBe(line(code));
});

test.each([
  ["%time const x = f()\nx.y", "      const x = f()\nx.y"],
  ["const files = !ls *.ts\nfiles", "const files = []      \nfiles"],
  ["%%bash\nls *", "      \n    "],
  ["%%time\nlet a: number = 1", "      \nlet a: number = 1"],
  ["const a = 1 // 100%\nname?", "const a = 1 // 100%\n     "],
  ["const d = %pwd\nconst t = %time f()", 'const d = ""+0\nconst t =       f()'],
  ["a\n%b", "a\n%b"],
])("masked, %j is as long as before and has no magic", (code, masked) => {
  expect(maskMagics(code)).toBe(masked);
});

test("an ordinary cell costs a look of less than 5 microseconds", () => {
  const cell =
    'const model = await load("x");\nfor (const step of steps) {\n  loss = model.step(step);\n}\nloss.value'.repeat(4);
  expect(mayHaveMagics(cell)).toBe(false);
  const rounds = 20_000;
  const started = performance.now();
  for (let round = 0; round < rounds; round++) mayHaveMagics(cell);
  const micros = ((performance.now() - started) / rounds) * 1000;
  console.log(`a cell of ${cell.length} characters: ${micros.toFixed(2)} µs`);
  expect(micros).toBeLessThan(50);
});
