/** Goal 25: the library and the command run no code but their own. The lint forbids most of it, this names what is left. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";
import { filesIn, root } from "./imports.ts";

/** What runs code by a name or a text that is not written there, and why it may. */
const allowed = {
  "src/tensor/native.ts: loadPackage(library)": "the ops that set-up has compiled into an installed package",
  "src/show/figure/plotlyWindow.ts: window.eval(...)": "plotly's own file and a function of ours, in a window of jsdom",
  'src/platform/machine.ts: import "node:vm"': "one word of ours, the name of V8's own garbage collector",
  "src/data/parquet.ts: startThread(scriptOf(decoding))": "a constant of ours",
  "src/platform/packages.ts: createRequire(resolvePackage(beside))(name)": "as below",
  "src/platform/packages.ts: require(name)": "a package or an addon, by a name that is written where it is asked for",
  "src/platform/threads.ts: new Worker(script, ... eval)": "what is listed here as startThread(...)",
  'src/platform/threads.ts: require("node:child_process")': "the process below: Node with functions of ours",
  "src/tokenizer/native/nativeBackend.ts: startThread(scriptOf(relayToTokenizers))": "a function of ours, for a thread",
  "src/tokenizer/native/process.ts: new threads.Worker(watch, ... eval)":
    "a function of ours, for a thread of the process below",
  "src/tokenizer/native/process.ts: require(library)": "npm's tokenizers, in a process of its own",
};
const runners = /^(node:)?(vm|repl|inspector|child_process|cluster)(\/|$)/;

/** What of a file runs code that is not written there. */
function runsIn(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8");
  return runs(file, source).map((what) => `${file}: ${what}`);
}

function runs(file: string, source: string): string[] {
  const found: string[] = [];
  const text = ({ start, end }: { start: number; end: number }) => source.slice(start, end);
  const isWritten = (node: { type: string; value?: unknown } | undefined) =>
    node?.type === "Literal" && typeof node.value === "string";
  /** Whether a module is named that runs code, which the library needs a reason for. */
  const isRunner = (node: unknown) =>
    file.startsWith("src/") && runners.test(String((node as { value?: unknown } | null | undefined)?.value));
  new Visitor({
    ImportExpression: (node) => {
      if (isRunner(node.source) || !isWritten(node.source)) found.push(`import(${text(node.source)})`);
    },
    ImportDeclaration: (node) => {
      if (isRunner(node.source)) found.push(`import "${node.source.value}"`);
    },
    ExportNamedDeclaration: (node) => {
      if (isRunner(node.source)) found.push(`export from "${node.source?.value}"`);
    },
    ExportAllDeclaration: (node) => {
      if (isRunner(node.source)) found.push(`export from "${node.source.value}"`);
    },
    CallExpression: (node) => {
      const callee = text(node.callee);
      const loads = /^(require|createRequire\(.*\)|loadPackage|(.*\.)?getBuiltinModule)$/.test(callee);
      if (loads && (isRunner(node.arguments[0]) || !isWritten(node.arguments[0]))) {
        found.push(`${callee}(${node.arguments.map(text).join(", ")})`);
      }
      if (/(^|\.)(eval|Function|dlopen|constructor)$/.test(callee)) found.push(`${callee}(...)`);
      const [first] = node.arguments;
      if (callee === "startThread" && first !== undefined) found.push(`startThread(${text(first)})`);
      if (/(^|\.)set(Timeout|Interval|Immediate)$/.test(callee) && first !== undefined && isWritten(first)) {
        found.push(`${callee}(${text(first)})`);
      }
    },
    NewExpression: (node) => {
      const [first, options] = node.arguments;
      if (/(^|\.)Function$/.test(text(node.callee))) found.push("new Function(...)");
      if (options !== undefined && /\beval\b/.test(text(options))) {
        found.push(`new ${text(node.callee)}(${first === undefined ? "" : text(first)}, ... eval)`);
      }
    },
  }).visit(parseSync(file, source).program);
  return found;
}

test("src and cli load nothing by a name that is not written there, but what is listed with its reason", () => {
  const files = ["src", "cli"].flatMap((folder) => filesIn(folder));
  expect(files.length).toBeGreaterThan(200);
  expect([...new Set(files.flatMap(runsIn))].sort()).toEqual(Object.keys(allowed).sort());
});

test.each([
  ["import(name)", "import(name)"],
  ["import('./' + name)", "import('./' + name)"],
  ["require(config.auto_map)", "require(config.auto_map)"],
  ["createRequire(import.meta.url)(path)", "createRequire(import.meta.url)(path)"],
  ["loadPackage(library)", "loadPackage(library)"],
  ["startThread(text, {})", "startThread(text)"],
  ["eval(text)", "eval(...)"],
  ["globalThis.eval(text)", "globalThis.eval(...)"],
  ["new Function('a', text)", "new Function(...)"],
  ["Function(text)()", "Function(...)"],
  ["(() => 1).constructor(text)()", "(() => 1).constructor(...)"],
  ["process.dlopen(module, path)", "process.dlopen(...)"],
  ["setTimeout('run()', 1)", "setTimeout('run()')"],
  ["new Worker(text, { eval: true })", "new Worker(text, ... eval)"],
  ["import { runInThisContext } from 'node:vm'", 'import "node:vm"'],
  ["import { spawn } from 'child_process'", 'import "child_process"'],
  ['require("node:child_process").spawn(path)', 'require("node:child_process")'],
  ['await import("node:child_process")', 'import("node:child_process")'],
  ['export { spawn } from "node:child_process"', 'export from "node:child_process"'],
  ['export * from "node:vm"', 'export from "node:vm"'],
  ['process.getBuiltinModule("node:vm")', 'process.getBuiltinModule("node:vm")'],
])("%s would be found", (source, what) => {
  expect(runs("src/example.ts", source)).toEqual([what]);
});

test.each(["import('./a.js')", "require('jsdom')", "createRequire(import.meta.url)('tslab')", "setTimeout(run, 1)"])(
  "%s is what it says",
  (source) => {
    expect(runs("src/example.ts", source)).toEqual([]);
  },
);
