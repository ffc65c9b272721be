/** Tells what the types say about the name under the cursor, or about the call around it. */
import ts from "typescript";
import type { Inspection } from "../shared/messages.ts";
import type { Program } from "./program.ts";
import { readable } from "./program.ts";

/** The length in characters at which a type is cut. */
const longestSignature = 2000;
const longestField = 120;
const fieldsAtMost = 60;

/** Returns what the types say at the cursor, if anything. */
export function inspectionAt(program: Program, code: string, cursor: number): Inspection | undefined {
  const { document, path } = program.ask(code);
  const position = document.offset + cursor;
  const places = cursor > 0 ? [position, position - 1] : [position];
  for (const place of places) {
    const info = quickInfo(program, path, place);
    if (info !== undefined) return withOptions(info, program, path, place, nameAt);
  }
  const help = program.service.getSignatureHelpItems(path, position, undefined);
  const around = help && callAround(help);
  return around && withOptions(around, program, path, help.applicableSpan.start, callAt);
}

/** Adds to a signature such as `(options?: CsvOptions)` what the options are, with their doc comments, which say the defaults. */
function withOptions(
  info: Inspection,
  program: Program,
  path: string,
  position: number,
  find: (file: ts.SourceFile, position: number, checker: ts.TypeChecker) => ts.Signature | undefined,
): Inspection {
  const built = program.service.getProgram();
  const file = built?.getSourceFile(path);
  const checker = built?.getTypeChecker();
  const signature = file && checker && find(file, position, checker);
  if (signature === undefined || file === undefined || checker === undefined) return info;
  const isLibrary = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((each) => built?.isSourceFileDefaultLibrary(each.getSourceFile()) === true) ?? true;
  const lists = signature.parameters.flatMap((parameter) => {
    const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(parameter, file));
    const fields = (type.isUnion() ? type.types : [type]).flatMap((each) => fieldsOf(each, parameter.name, isLibrary));
    if (fields.length === 0) return [];
    const lines = fields.slice(0, fieldsAtMost).map((field) => fieldLine(field, file, checker));
    return [`${parameter.name}:\n${lines.join("\n")}`];
  });
  if (lists.length === 0) return info;
  const documentation = [info.documentation, ...lists].filter((part) => part !== "").join("\n\n");
  return { ...info, documentation };
}

/** Returns the fields of a parameter that takes options: it is called so, or is an object of which nothing need be given. */
function fieldsOf(type: ts.Type, name: string, isLibrary: (symbol: ts.Symbol) => boolean): readonly ts.Symbol[] {
  const isObject = (type.flags & ts.TypeFlags.Object) !== 0 || type.isIntersection();
  if (!isObject || type.getProperties().every(isLibrary)) return [];
  if (type.getCallSignatures().length > 0 || type.isClass() || type.getStringIndexType() !== undefined) return [];
  const fields = type.getProperties();
  const isOptional = (field: ts.Symbol): boolean => (field.flags & ts.SymbolFlags.Optional) !== 0;
  return /(options|settings|config|args|init)$/i.test(name) || fields.every(isOptional) ? fields : [];
}

function fieldLine(field: ts.Symbol, file: ts.SourceFile, checker: ts.TypeChecker): string {
  const type = checker.typeToString(
    checker.getTypeOfSymbolAtLocation(field, file),
    file,
    ts.TypeFormatFlags.NoTruncation,
  );
  const isOptional = (field.flags & ts.SymbolFlags.Optional) !== 0;
  const bare = isOptional ? type.replace(/ \| undefined$/, "") : type;
  const text = `${field.name}${isOptional ? "?" : ""}: ${readable(bare).replace(/import\("[^"]*"\)\./g, "")}`;
  const shown = text.length <= longestField ? text : `${text.slice(0, longestField - 1)}…`;
  const said = ts.displayPartsToString(field.getDocumentationComment(checker)).replace(/\s+/g, " ").trim();
  const byTag = field.getJsDocTags(checker).find(({ name }) => name === "default" || name === "defaultValue");
  const byDefault = byTag === undefined ? "" : ` Default: ${ts.displayPartsToString(byTag.text)}.`;
  return `- \`${shown}\` ${said}${byDefault}`.trimEnd();
}

/** Returns the signature of the function whose name is at a position. */
function nameAt(file: ts.SourceFile, position: number, checker: ts.TypeChecker): ts.Signature | undefined {
  const node = innermost(file, position);
  if (!ts.isIdentifier(node)) return undefined;
  const type = checker.getTypeAtLocation(node);
  return type.getCallSignatures()[0] ?? type.getConstructSignatures()[0];
}

/** Returns the signature of the call around a position. */
function callAt(file: ts.SourceFile, position: number, checker: ts.TypeChecker): ts.Signature | undefined {
  const call = ts.findAncestor(
    innermost(file, position),
    (node) => ts.isCallExpression(node) || ts.isNewExpression(node),
  );
  return call && checker.getResolvedSignature(call as ts.CallExpression);
}

function innermost(node: ts.Node, position: number): ts.Node {
  const below = ts.forEachChild(node, (each) => (each.pos <= position && position <= each.end ? each : undefined));
  return below === undefined ? node : innermost(below, position);
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

/** Finds where a variable was declared first, which has its doc comment: of an earlier cell's it is declared anew in the header. */
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

function callAround(help: ts.SignatureHelpItems): Inspection | undefined {
  const item = help.items[help.selectedItemIndex];
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
