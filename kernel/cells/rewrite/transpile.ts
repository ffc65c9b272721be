/**
 * Runs TypeScript's own compiler for statements that types cannot be erased from, as the notebook's tsconfig.json says.
 */

import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import type TypeScript from "typescript";
import { readTsconfig } from "../../shared/modules.ts";
import { cells, kernelPackage } from "../realm/cellRealm.ts";

/** The folder in which the kernel was started. */
const notebookFolder = process.cwd();
/** The compiler options that a tsconfig.json may set for code that runs. */
const honoured = [
  "experimentalDecorators",
  "emitDecoratorMetadata",
  "useDefineForClassFields",
  "jsxFactory",
  "jsxFragmentFactory",
  "jsxImportSource",
] as const;

interface Transpiled {
  readonly text: string;
  /** The functions of a JSX runtime that `text` calls, by module: `jsx as _jsx`. */
  readonly jsx: ReadonlyMap<string, readonly string[]>;
  /** Maps an offset in `text` to the offset in the source. */
  readonly back: (offset: number) => number;
}

/**
 * Compiles `source`. `pragmas` are comments that stand elsewhere in the file and hold here too. The helpers that the
 * output calls are global when it returns.
 */
export function transpile(source: string, pragmas: string): Transpiled {
  const ts = kernelPackage<typeof TypeScript>("typescript"); // 300 ms to load, so only when needed
  const { outputText, sourceMapText } = ts.transpileModule(pragmas + source, {
    fileName: "cell.tsx",
    compilerOptions: {
      ...settings(ts),
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      noEmitHelpers: true,
      removeComments: true,
      preserveConstEnums: true,
      sourceMap: true,
      verbatimModuleSyntax: true,
    },
  });
  provideHelpers(ts, outputText);
  const jsx = new Map<string, string[]>();
  const body = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "").replace(/\s*(export \{\};\s*)?$/, "");
  // as long as it was, so that the map still holds
  const text = body.replace(/^import \{ (.*) \} from "(.*\/jsx-(?:dev-)?runtime)";$/m, (line, names, from) => {
    jsx.set(String(from), String(names).split(", "));
    return " ".repeat(line.length);
  });
  return { text, jsx, back: backBy(sourceMapText ?? "", text, source, pragmas.length) };
}

function settings(ts: typeof TypeScript): TypeScript.CompilerOptions {
  const given = readTsconfig(ts, notebookFolder);
  const said = Object.fromEntries(honoured.map((key) => [key, given[key]]).filter(([, value]) => value !== undefined));
  const automatic = given.jsx === ts.JsxEmit.ReactJSX || given.jsx === ts.JsxEmit.ReactJSXDev;
  // what a project for an older target expects of its fields
  const assigned = given.target !== undefined && given.target < ts.ScriptTarget.ES2022;
  return {
    jsx: automatic ? ts.JsxEmit.ReactJSX : ts.JsxEmit.React,
    ...(assigned ? { useDefineForClassFields: false } : {}),
    ...said,
  };
}

function backBy(map: string, text: string, source: string, shift: number): Transpiled["back"] {
  let read: { map: SourceMap; from: readonly number[]; to: readonly number[] } | undefined;
  return (offset) => {
    // the pragmas are on the first line, in front of the source
    read ??= { map: new SourceMap(JSON.parse(map)), from: lineStarts(text), to: lineStarts(source) };
    const { line, column } = placeOf(read.from, offset);
    const entry = read.map.findEntry(line, column);
    if (!("originalLine" in entry)) return 0;
    const original = entry.originalColumn - (entry.originalLine === 0 ? shift : 0);
    return Math.max(0, offsetOf(read.to, entry.originalLine, original));
  };
}

const called =
  /\b__(decorate|metadata|param|esDecorate|runInitializers|propKey|setFunctionName|addDisposableResource)\b/;

/** Samples whose output declares every helper; they are never run. */
const legacy = "class A { @d m(@d x: string) {} }";
const standard =
  "@d class A { @d accessor x = 1; @d static [k]() {} @d static #p() {} } { using x = y; await using z = y; }";

let provided = false;

/**
 * Makes the helper functions that `output` calls (`__esDecorate`, `__decorate` and so on) global, once for all cells
 * and files: a cell that declared them would clash with the next. They are not enumerable.
 */
function provideHelpers(ts: typeof TypeScript, output: string): void {
  if (provided || !called.test(output)) return;
  provided = true;
  for (const [text, experimentalDecorators] of [[legacy, true] as const, [standard, false] as const]) {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, experimentalDecorators, emitDecoratorMetadata: true };
    const { outputText } = ts.transpileModule(`async function sample() { ${text} }`, { compilerOptions });
    const names = [...outputText.matchAll(/^var (__\w+)/gm)].map(([, name]) => String(name));
    const filename = fileURLToPath(import.meta.url); // tracebacks leave out what is the kernel's
    const script = new Script(`(() => { ${outputText}; return { ${names.join(", ")} }; })()`, { filename });
    const helpers = script.runInThisContext() as object;
    for (const [name, value] of Object.entries(helpers)) {
      Object.defineProperty(cells, name, { value, writable: true, configurable: true, enumerable: false });
    }
  }
}

/** Returns the offset at which each line of `text` begins. Offsets, lines and columns count from 0. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Returns the line and column of an offset. */
export function placeOf(starts: readonly number[], offset: number): { line: number; column: number } {
  const line = Math.max(
    0,
    starts.findLastIndex((start) => start <= offset),
  );
  return { line, column: offset - (starts[line] ?? 0) };
}

/** Returns the offset of a line and column. */
export function offsetOf(starts: readonly number[], line: number, column: number): number {
  return (starts[line] ?? starts.at(-1) ?? 0) + column;
}
