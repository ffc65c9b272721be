/** Completion from types: members, names in scope, strings that a type allows, module paths. */
import ts from "typescript";
import type { Candidate, Completions } from "./messages.ts";
import type { Program } from "./program.ts";
import { readable } from "./wording.ts";

/** Each signature costs the checker some work: lists longer than this have none. */
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

export function completionsAt(program: Program, code: string, cursor: number): Completions {
  const { document, path } = program.ask(code);
  const position = document.offset + cursor;
  const info = program.service.getCompletionsAtPosition(path, position, {
    includeSymbol: true,
    includeCompletionsForModuleExports: false,
    includeCompletionsWithInsertText: false,
  });
  const before = code.slice(0, cursor);
  const word = /[\p{ID_Continue}$]*$/u.exec(before)?.[0] ?? "";
  const wordStart = cursor - word.length;
  const compiled = program.service.getProgram();
  const tree = compiled?.getSourceFile(path);
  const place = tree === undefined ? undefined : innermost(tree, position);
  const literal = place !== undefined && isInside(place, position);
  const comment = program.service.getSpanOfEnclosingComment(path, position, false) !== undefined;
  const inType = place !== undefined && ts.isPartOfTypeNode(place);
  const afterDot = before.slice(0, wordStart).endsWith(".");
  const live = !comment && !literal && !inType && (afterDot || info?.isGlobalCompletion === true);
  if (info === undefined || comment) return { candidates: [], start: wordStart, end: cursor, live };

  const span = literal ? (info.optionalReplacementSpan ?? info.entries[0]?.replacementSpan) : undefined;
  const start = span === undefined ? wordStart : span.start - document.offset;
  const fitting = startingWith(
    code.slice(start, cursor),
    info.entries.filter(({ name, kind }) => isUsable(name, kind, literal)),
  );
  const checker = compiled?.getTypeChecker();
  const candidates = fitting.sort(byRank).map((entry): Candidate => {
    const type = typeOf(entry, checker);
    if (fitting.length > signaturesUpTo || !/^(function|method)$/.test(type)) return { text: entry.name, type };
    const [name, none] = [entry.name, undefined];
    const details = program.service.getCompletionEntryDetails(path, position, name, none, none, none, none);
    const signature = readable(ts.displayPartsToString(details?.displayParts)).replace(/^\((?:method|property)\) /, "");
    return { text: name, type, signature };
  });
  return { candidates, start, end: span === undefined ? cursor : Math.max(cursor, start + span.length), live };
}

/** Those with the right letters; in whatever case when there are none in the right one. */
function startingWith(typed: string, entries: ts.CompletionEntry[]): ts.CompletionEntry[] {
  const exact = entries.filter(({ name }) => name.startsWith(typed));
  return exact.length > 0 ? exact : entries.filter(({ name }) => name.toLowerCase().startsWith(typed.toLowerCase()));
}

/** Whether a position is between the quotes of a string, the last of which may be missing. */
function isInside(place: ts.Node, position: number): boolean {
  if (!ts.isStringLiteralLike(place)) return false;
  const text = place.getText();
  return position < place.end || text.length < 2 || text.at(-1) !== text[0];
}

function isUsable(name: string, kind: string, literal: boolean): boolean {
  if (kind === ts.ScriptElementKind.warning || name.startsWith("__thaw")) return false;
  return literal || /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

/** As TypeScript ranks them; names that begin with `_` are meant to be left alone and come last. */
function byRank(a: ts.CompletionEntry, b: ts.CompletionEntry): number {
  const [first, second] = [a, b].map(({ name, sortText }) => `${name.startsWith("_") ? 1 : 0} ${sortText} ${name}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
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

function innermost(node: ts.Node, position: number): ts.Node {
  const inside = ts.forEachChild(node, (child) =>
    child.pos <= position && position <= child.end && position > child.getStart() ? child : undefined,
  );
  return inside === undefined ? node : innermost(inside, position);
}
