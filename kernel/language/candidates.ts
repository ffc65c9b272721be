/**
 * Makes completion candidates from TypeScript's entries at a position: ranked, with the types that frontends show, and
 * signatures.
 */
import ts from "typescript";
import type { Candidate } from "../shared/messages.ts";
import type { Program } from "./program.ts";
import { readable } from "./program.ts";

/** Largest number of candidates with signatures, since each signature costs the type checker some work. */
const signaturesUpTo = 12;

const types: Partial<Record<string, string>> = {
  [ts.ScriptElementKind.memberFunctionElement]: "method",
  [ts.ScriptElementKind.localFunctionElement]: "function",
  [ts.ScriptElementKind.memberVariableElement]: "property",
  [ts.ScriptElementKind.memberGetAccessorElement]: "property",
  [ts.ScriptElementKind.memberSetAccessorElement]: "property",
  [ts.ScriptElementKind.memberAccessorVariableElement]: "property",
  [ts.ScriptElementKind.letElement]: "variable",
  [ts.ScriptElementKind.constElement]: "variable",
  [ts.ScriptElementKind.variableElement]: "variable",
  [ts.ScriptElementKind.localVariableElement]: "variable",
  [ts.ScriptElementKind.parameterElement]: "variable",
  [ts.ScriptElementKind.enumMemberElement]: "property",
  [ts.ScriptElementKind.typeElement]: "type",
  [ts.ScriptElementKind.typeParameterElement]: "type",
  [ts.ScriptElementKind.externalModuleName]: "module",
  [ts.ScriptElementKind.scriptElement]: "module",
  [ts.ScriptElementKind.directory]: "module",
};

/** Returns TypeScript's completions at a position. */
export function infoAt(program: Program, path: string, position: number): ts.CompletionInfo | undefined {
  return program.service.getCompletionsAtPosition(path, position, {
    includeSymbol: true,
    includeCompletionsForModuleExports: false,
    includeCompletionsWithInsertText: false,
  });
}

/** Ranks the names that can be typed at the position; inside a string these are all. */
export function ranked(entries: readonly ts.CompletionEntry[], literal: boolean): ts.CompletionEntry[] {
  const usable = entries.filter(({ name, kind }) => isUsable(name, kind, literal));
  const keyed = usable.map((entry) => ({ entry, rank: rankOf(entry) }));
  return keyed.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ entry }) => entry);
}

/** Keeps the items whose names begin with `typed`, ignoring case if none matches exactly. */
export function startingWith<One>(typed: string, list: readonly One[], nameOf: (one: One) => string): readonly One[] {
  const exact = list.filter((one) => nameOf(one).startsWith(typed));
  if (exact.length > 0) return exact;
  return list.filter((one) => nameOf(one).toLowerCase().startsWith(typed.toLowerCase()));
}

/** Turns entries into candidates. */
export function candidatesFrom(program: Program, entries: readonly ts.CompletionEntry[]): Candidate[] {
  const checker = program.service.getProgram()?.getTypeChecker();
  return entries.map((entry) => ({ text: entry.name, type: typeOf(entry, checker) }));
}

/** Adds the signatures of functions, if there are few candidates. */
export function withSignatures(
  candidates: readonly Candidate[],
  signatureOf: (name: string) => string,
): readonly Candidate[] {
  if (candidates.length > signaturesUpTo) return candidates;
  return candidates.map((one) =>
    /^(function|method)$/.test(one.type) ? { ...one, signature: signatureOf(one.text) } : one,
  );
}

/** Returns the signature of a name that is offered at a position. */
export function signatureAt(program: Program, path: string, position: number, name: string): string {
  const none = undefined;
  const details = program.service.getCompletionEntryDetails(path, position, name, none, none, none, none);
  return readable(ts.displayPartsToString(details?.displayParts)).replace(/^\((?:method|property)\) /, "");
}

function isUsable(name: string, kind: string, literal: boolean): boolean {
  if (kind === ts.ScriptElementKind.warning || name.startsWith("__thaw")) return false;
  return literal || /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

/** Ranks as TypeScript does; names that begin with `_` are meant to be left alone and come last. */
function rankOf({ name, sortText }: ts.CompletionEntry): string {
  return `${name.startsWith("_") ? 1 : 0} ${sortText} ${name}`;
}

function typeOf({ kind, symbol }: ts.CompletionEntry, checker: ts.TypeChecker | undefined): string {
  const type = types[kind] ?? kind;
  if (symbol === undefined || checker === undefined || !/^(alias|variable|property)$/.test(type)) return type;
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const { flags } = target;
  if (flags & ts.SymbolFlags.Function) return "function";
  if (flags & ts.SymbolFlags.Class) return "class";
  if (flags & ts.SymbolFlags.Enum) return "enum";
  if (flags & (ts.SymbolFlags.Variable | ts.SymbolFlags.Property)) {
    const callable = checker.getTypeOfSymbol(target).getCallSignatures().length > 0;
    if (callable) return type === "property" ? "method" : "function";
    return type === "property" ? type : "variable";
  }
  if (flags & ts.SymbolFlags.Interface) return "interface";
  if (flags & ts.SymbolFlags.Module) return "module";
  if (flags & ts.SymbolFlags.TypeAlias) return "type";
  return type === "alias" ? "variable" : type;
}
