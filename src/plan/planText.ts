/** The text of a plan file: parses YAML or JSON within limits, and knows the line and column of every value. */
import { parse as parseJson } from "lossless-json";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from "yaml";
import { ThawError } from "../errors.ts";

/** The most values in a file, those that aliases repeat included: aliases of aliases grow without bounds. */
const maxValues = 100_000;
/** The most levels of lists and mappings. */
const maxDepth = 40;

/** A value of a plan file, with the offset in the text at which it begins. */
export type PlanNode =
  | { readonly kind: "map"; readonly at: number; readonly entries: readonly Entry[] }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly PlanNode[] }
  | { readonly kind: "value"; readonly at: number; readonly value: unknown };

/** One name and value of a mapping. */
export interface Entry {
  /** The name in camelCase. */
  readonly key: string;
  /** The name as it stands in the file. */
  readonly written: string;
  /** The offset at which the name begins. */
  readonly at: number;
  readonly node: PlanNode;
}

/** Returns the plain value of a node. */
export function plain(node: PlanNode): unknown {
  if (node.kind === "value") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries(node.entries.map(({ key, node: value }) => [key, plain(value)]));
}

/** Converts a name to camelCase: `num_train_epochs` -> `numTrainEpochs`. */
const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The text of a plan file, which knows lines and columns. */
export class PlanText {
  /** The outermost value. */
  readonly root: PlanNode;
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed<ParsedNode>;
  #values = 0;

  /** Parses the text. Throws `BAD_PLAN` for what is no UTF-8, no JSON or YAML, or has more than a plan may have. */
  constructor(path: string, bytes: Uint8Array, isJson: boolean) {
    this.#path = path;
    this.#lines.addNewLine(0);
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw this.error(0, "BAD_PLAN", "The file is not UTF-8: save it in that encoding.");
    }
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lines.addNewLine(at + 1);
    this.#refuseDeep(text);
    if (isJson) this.#checkJson(text);
    this.#document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: false, uniqueKeys: false });
    const [problem] = [...this.#document.errors, ...this.#document.warnings];
    if (problem !== undefined) {
      const message = problem.message.split("\n", 1)[0]?.replace(/\.?$/, ".");
      const advice = problem.code === "TAG_RESOLVE_FAILED" ? " Values of a plan have no tags: leave it out." : "";
      throw this.error(problem.pos[0], "BAD_PLAN", `${message}${advice}`);
    }
    const { contents } = this.#document;
    if (contents === null) throw this.error(0, "BAD_PLAN", "The file holds nothing: give it stages or args.");
    this.root = this.#read(contents);
  }

  /** Makes an error whose message begins with the place of an offset in the text. */
  error(at: number, code: ThawError["code"], message: string, cause?: unknown): ThawError {
    const { line, col } = this.#lines.linePos(at);
    return new ThawError(code, `${this.#path}:${line}:${col}: ${message}`, { cause });
  }

  /** Adds the place of an offset to an error. */
  located(at: number, error: ThawError): ThawError {
    return this.error(at, error.code, error.message, error);
  }

  /** JSON is checked by a parser of its own: as YAML, comments and single quotation marks would pass. */
  #checkJson(text: string): void {
    try {
      parseJson(text, undefined, { onDuplicateKey: ({ newValue }) => newValue }); // those are found below, with their place
    } catch (cause) {
      const message = (cause as Error).message;
      const [, at] = /\s+at position (\d+)$/.exec(message) ?? [];
      throw this.error(
        Number(at ?? 0),
        "BAD_PLAN",
        `This is no JSON: ${message.replace(/\s+at position \d+$/, "")}.`,
        cause,
      );
    }
  }

  /**
   * Refuses text that is nested far deeper than a plan, before the parsers see it: they call themselves for every level,
   * and YAML's ends the process in a line that begins with thousands of dashes.
   */
  #refuseDeep(text: string): void {
    let depth = 0;
    for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
      depth = bracket === "[" || bracket === "{" ? depth + 1 : Math.max(0, depth - 1);
      if (depth > 10 * maxDepth) throw this.error(index, "BAD_PLAN", this.#tooDeep);
    }
    for (const { index } of text.matchAll(new RegExp(`^[ \\t?:-]{${10 * maxDepth}}`, "gm"))) {
      throw this.error(index, "BAD_PLAN", this.#tooDeep);
    }
  }

  readonly #tooDeep = `Lists and mappings are nested more than ${maxDepth} deep.`;

  #read(node: ParsedNode, depth = 0, aliasAt?: number): PlanNode {
    const at = aliasAt ?? node.range[0];
    this.#values += 1;
    if (this.#values > maxValues) {
      throw this.error(at, "BAD_PLAN", `There are more than ${maxValues} values, those that aliases repeat included.`);
    }
    if (depth > maxDepth) throw this.error(at, "BAD_PLAN", this.#tooDeep);
    if (isAlias(node)) {
      const anchored = node.resolve(this.#document);
      // what an alias repeats is at fault where it is used
      if (anchored !== undefined) return this.#read(anchored as ParsedNode, depth + 1, at);
      throw this.error(at, "BAD_PLAN", `There is no anchor &${node.source} before this alias.`);
    }
    if (isScalar(node)) return { kind: "value", at, value: node.value };
    if (isSeq(node)) {
      return { kind: "list", at, items: node.items.map((item) => this.#read(item as ParsedNode, depth + 1, aliasAt)) };
    }
    if (!isMap(node)) throw this.error(at, "BAD_PLAN", "A plan holds values, lists and mappings only.");
    const entries: Entry[] = [];
    for (const { key, value } of node.items as { key: ParsedNode; value: ParsedNode | null }[]) {
      const keyAt = aliasAt ?? key.range[0];
      const written = isScalar(key) ? key.value : undefined;
      if (typeof written !== "string") throw this.error(keyAt, "BAD_PLAN", "The names of a mapping are texts.");
      if (["__proto__", "constructor", "prototype"].includes(written)) {
        throw this.error(keyAt, "BAD_PLAN", `There is no setting "${written}": leave it out.`);
      }
      const name = camelCase(written);
      const twin = entries.find((entry) => entry.key === name);
      if (twin !== undefined) {
        const other = twin.written === written ? "" : `, as ${twin.written} and as ${written}`;
        throw this.error(keyAt, "BAD_PLAN", `${name} is set twice${other}: set it once.`);
      }
      const node: PlanNode =
        value === null ? { kind: "value", at: keyAt, value: null } : this.#read(value, depth + 1, aliasAt);
      entries.push({ key: name, written, at: keyAt, node });
    }
    return { kind: "map", at, entries };
  }
}
