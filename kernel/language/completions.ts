/** Completes from types: members, names in scope, strings that a type allows, module paths. */
import ts from "typescript";
import type { Completions } from "../shared/messages.ts";
import { candidatesFrom, infoAt, ranked, signatureAt, startingWith, withSignatures } from "./candidates.ts";
import type { Members } from "./members.ts";
import type { Program } from "./program.ts";
import { receiverAt } from "./receiver.ts";

const word = /[\p{ID_Continue}$]*$/u;

/** Returns what can stand at the cursor. */
export function completionsAt(program: Program, members: Members, code: string, cursor: number): Completions {
  const typed = word.exec(code.slice(0, cursor))?.[0] ?? "";
  const start = cursor - typed.length;
  const receiver = receiverAt(program.masked(code), start);
  const candidates = receiver && members.startingWith(typed, receiver);
  if (candidates === undefined) return inPlace(program, code, start, cursor);
  return { candidates, start, end: cursor, live: true };
}

/** Asks about the whole text; the word at the cursor begins at `wordStart`. */
function inPlace(program: Program, code: string, wordStart: number, cursor: number): Completions {
  const { document, path } = program.ask(code);
  const position = document.offset + cursor;
  const info = infoAt(program, path, position);
  const tree = program.service.getProgram()?.getSourceFile(path);
  const place = tree === undefined ? undefined : innermost(tree, position);
  const literal = place !== undefined && isInside(place, position);
  const comment = program.service.getSpanOfEnclosingComment(path, position, false) !== undefined;
  const inType = place !== undefined && ts.isPartOfTypeNode(place);
  const afterDot = code.slice(0, wordStart).endsWith(".");
  const live = !comment && !literal && !inType && (afterDot || info?.isGlobalCompletion === true);
  if (info === undefined || comment) return { candidates: [], start: wordStart, end: cursor, live };

  const span = literal ? (info.optionalReplacementSpan ?? info.entries[0]?.replacementSpan) : undefined;
  const start = span === undefined ? wordStart : span.start - document.offset;
  const fitting = startingWith(code.slice(start, cursor), ranked(info.entries, literal), ({ name }) => name);
  const candidates = withSignatures(candidatesFrom(program, fitting), (name) =>
    signatureAt(program, path, position, name),
  );
  return { candidates, start, end: span === undefined ? cursor : Math.max(cursor, start + span.length), live };
}

/** Whether a position is between the quotes of a string, the last of which may be missing. */
function isInside(place: ts.Node, position: number): boolean {
  if (!ts.isStringLiteralLike(place)) return false;
  const text = place.getText();
  return position < place.end || text.length < 2 || text.at(-1) !== text[0];
}

function innermost(node: ts.Node, position: number): ts.Node {
  const inside = ts.forEachChild(node, (child) =>
    child.pos <= position && position <= child.end && position > child.getStart() ? child : undefined,
  );
  return inside === undefined ? node : innermost(inside, position);
}
