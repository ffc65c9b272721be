/** Decides which type errors of a cell are worth a warning: what comes from the way notebooks work is left out. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { Finding } from "../shared/messages.ts";
import type { CellDocument } from "./cells.ts";
import type { Program } from "./program.ts";
import { plain } from "./program.ts";

/** The code of "cannot find module". */
const notFound = 2307;

/** Codes of errors about what this kernel allows, or about what the run itself says better. */
const hidden = new Set([
  1192, // no default export: the kernel gives the whole module
  1259,
  2613,
  1375, // top-level await and its kin
  1378,
  1431,
  1432,
  2300, // declared again
  2323,
  2440,
  2451,
  2484,
  2528,
  2306, // a local JavaScript file that is no module
  notFound, // the import fails, or its types are missing
  2732,
  2792,
  2664, // an augmentation of a module without types
  2665,
  2309,
  1203,
  2630, // functions and imports of cells can be assigned
  2632,
  2539,
  2695, // the left side of a comma is not used
  7016, // a module without types
  7017, // globalThis.name
]);

/** Codes of "cannot find name", which is true only when it does not exist at run time either. */
const unknownNames = new Set([2304, 2503, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2693, 18004]);

/**
 * Codes of errors that hold in one file, but not for a variable of an earlier cell, which may have been assigned since, or
 * may be edited and run again.
 */
const aboutOuterNames = new Set([2367, 2454, 2531, 2532, 2533, 2678, 18047, 18048, 18049]);

const shownPerCell = 20;

/** Returns the type errors of the cell called `name`. `question` is the text to be asked about in the same program afterwards. */
export function typeErrorsOf(program: Program, name: string, question = ""): Finding[] {
  const held = program.hold(name, question);
  if (held === undefined) return [];
  const { document, path } = held;
  if (/^\s*\/\/\s*@ts-nocheck/m.test(document.code)) return [];
  const findings: Finding[] = [];
  for (const diagnostic of diagnosticsOf(program, path)) {
    const { code, start = 0, length = 0 } = diagnostic;
    if (code === notFound) program.forgetResolutions();
    const offset = start - document.offset;
    if (diagnostic.category !== ts.DiagnosticCategory.Error || hidden.has(code)) continue;
    if (isImplicitAny(code) && !program.complainsOfAny) continue;
    if (offset < 0 || offset >= document.code.length) continue;
    const message = plain(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
    const text = document.code.slice(offset, offset + length);
    if (isExcused(code, message, text, document)) continue;
    const unknown = unknownNames.has(code) ? { unknownName: text } : {};
    findings.push({ code, message: withoutAdvice(code, message), ...placeAt(document.code, offset), ...unknown });
    if (findings.length === shownPerCell) break;
  }
  return findings;
}

/** Whether the error is "implicitly has an 'any' type", in any of its forms. */
function isImplicitAny(code: number): boolean {
  return code >= 7005 && code <= 7057 && code !== 7027 && code !== 7028 && code !== 7029 && code !== 7030;
}

function isExcused(code: number, message: string, text: string, document: CellDocument): boolean {
  if (
    aboutOuterNames.has(code) &&
    [...text.matchAll(/[\p{ID_Continue}$]+/gu)].some(([word]) => document.outer.has(word))
  ) {
    return true;
  }
  return code === 2339 && message.includes("on type 'never'");
}

/** Leaves out advice about tsconfig.json and packages of types; "did you mean" is worth keeping. */
function withoutAdvice(code: number, message: string): string {
  return unknownNames.has(code) && code !== 2552 && code !== 2693 ? message.replace(/\. [\s\S]*$/, ".") : message;
}

function placeAt(code: string, offset: number): { line: number; column: number } {
  const lines = code.slice(0, offset).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Types of browsers come with the first cell that uses one: 20 MB of memory that say little about Node. */
function diagnosticsOf(program: Program, path: string): readonly ts.Diagnostic[] {
  const found = program.service.getSemanticDiagnostics(path);
  const isBrowsers = ({ code, file, start = 0, length = 0 }: ts.Diagnostic): boolean =>
    unknownNames.has(code) && isBrowserName(file?.text.slice(start, start + length) ?? "");
  if (!found.some(isBrowsers) || !program.addBrowserTypes()) return found;
  return program.service.getSemanticDiagnostics(path);
}

/** Names that stand for a browser whatever they are used as. Others of its globals (`name`, `status`) may be a mistake. */
const browserValues = /^(document|window|location|getComputedStyle|requestAnimationFrame)$/;
let browserTypes: string | undefined;

function isBrowserName(name: string): boolean {
  if (!/^[\w$]+$/.test(name)) return false;
  if (browserValues.test(name)) return true;
  browserTypes ??= readFileSync(join(dirname(ts.getDefaultLibFilePath({})), "lib.dom.d.ts"), "utf8");
  return new RegExp(`^(?:interface|type) ${name.replaceAll("$", "\\$")}\\b`, "m").test(browserTypes);
}
