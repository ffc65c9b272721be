/** What the types say about the name under the cursor, or about the call around it. */
import ts from "typescript";
import type { Inspection } from "./messages.ts";
import type { Program } from "./program.ts";
import { readable } from "./wording.ts";

/** Longer types are cut, in characters. */
const longestSignature = 2000;

export function inspectionAt(program: Program, code: string, cursor: number): Inspection | undefined {
  const { document, path } = program.ask(code);
  const position = document.offset + cursor;
  return (
    quickInfo(program, path, position) ??
    (cursor > 0 ? quickInfo(program, path, position - 1) : undefined) ??
    callAround(program, path, position)
  );
}

function quickInfo(program: Program, path: string, position: number): Inspection | undefined {
  const info = program.service.getQuickInfoAtPosition(path, position, longestSignature);
  if (info === undefined || info.kind === ts.ScriptElementKind.keyword) return undefined;
  const signature = readable(ts.displayPartsToString(info.displayParts));
  if (signature === "" || signature === "any") return undefined;
  const declared = declaration(program, path, position);
  const documented = (info.documentation?.length ?? 0) > 0 || (info.tags?.length ?? 0) > 0 || declared === undefined;
  const source = documented ? info : declared;
  return { signature, documentation: ts.displayPartsToString(source.documentation), tags: tagsOf(source.tags) };
}

/** A variable of an earlier cell is declared anew in the header; its doc comment is where it was declared first. */
function declaration(program: Program, path: string, position: number): ts.QuickInfo | undefined {
  let from = { path, position };
  for (let step = 0; step < 20; step++) {
    const document = program.documentAt(from.path);
    const target = program.service.getDefinitionAtPosition(from.path, from.position)?.[0];
    if (document === undefined || target === undefined) return undefined;
    const [start, there] = [target.textSpan.start, program.documentAt(target.fileName)];
    if (there === undefined || start >= there.offset) {
      return program.service.getQuickInfoAtPosition(target.fileName, start, longestSignature);
    }
    const word = there.text.slice(start, start + target.textSpan.length);
    const use = there.text.indexOf(`).${word};`, start); // declare let word: typeof import("In[1]").word;
    if (use === -1) return undefined;
    from = { path: target.fileName, position: use + 2 };
  }
  return undefined;
}

function callAround(program: Program, path: string, position: number): Inspection | undefined {
  const help = program.service.getSignatureHelpItems(path, position, undefined);
  const item = help?.items[help.selectedItemIndex];
  if (item === undefined) return undefined;
  const separator = ts.displayPartsToString(item.separatorDisplayParts);
  const parameters = item.parameters
    .map((parameter) => ts.displayPartsToString(parameter.displayParts))
    .join(separator);
  const [prefix, suffix] = [item.prefixDisplayParts, item.suffixDisplayParts].map((parts) =>
    ts.displayPartsToString(parts),
  );
  const signature = readable(`${prefix}${parameters}${suffix}`);
  return { signature, documentation: ts.displayPartsToString(item.documentation), tags: tagsOf(item.tags) };
}

function tagsOf(tags: readonly ts.JSDocTagInfo[] = []): Inspection["tags"] {
  return tags.map(({ name, text }) => ({ name, text: ts.displayPartsToString(text) }));
}
