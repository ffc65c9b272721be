/** The contents of `complete_reply` and `inspect_reply`, from what the types say and what is live. */

import type { LiveCompletion } from "../../cells/completion/complete.ts";
import type { LiveValue } from "../../cells/completion/inspect.ts";
import type { Candidate, Completions, Inspection } from "../../shared/languageMessages.ts";
import { toCodePoints } from "../session/cursor.ts";
import type { Content } from "../wire/message.ts";

/** Characters of a value's text that a tooltip shows at detail level 0. */
const shortValue = 600;

/** What every object has, and every function. A type that has one of `declared` has declared it. */
const declared = ["toString", "toLocaleString", "valueOf"];
const functions = ["apply", "arguments", "bind", "call", "caller"];
const everywhere: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), ...functions]);

/** After a dot these are left out, or come last where somebody has begun to write one; alone they are all there is. */
function withoutEverywhere(
  candidates: readonly Candidate[],
  isTyped: (text: string) => boolean,
  isBegun: boolean,
): readonly Candidate[] {
  const isOwn = ({ text }: Candidate): boolean => !everywhere.has(text) || (declared.includes(text) && isTyped(text));
  const own = candidates.filter(isOwn);
  if (own.length > 0 && !isBegun) return own;
  return [...own, ...candidates.filter((one) => !isOwn(one))];
}

/** The types' candidates first, then the live names that they do not know. */
export function completeContent(
  code: string,
  cursor: number,
  typed: Completions | undefined,
  live: LiveCompletion | undefined,
): Content {
  const known = new Set(typed?.candidates.map(({ text }) => text));
  const extra = typed?.live === false ? [] : (live?.matches ?? []).filter((text) => !known.has(text));
  const type = live?.member === true ? "property" : "variable";
  const all: readonly Candidate[] = [...(typed?.candidates ?? []), ...extra.map((text) => ({ text, type }))];
  const { start, end } = typed ?? live ?? { start: cursor, end: cursor };
  const candidates = code.slice(0, start).endsWith(".")
    ? withoutEverywhere(all, (text) => known.has(text), start < cursor)
    : all;
  const [cursor_start, cursor_end] = [toCodePoints(code, start), toCodePoints(code, end)];
  return {
    status: "ok",
    matches: candidates.map(({ text }) => text),
    cursor_start,
    cursor_end,
    metadata: {
      _jupyter_types_experimental: candidates.map((one) => ({ ...one, start: cursor_start, end: cursor_end })),
    },
  };
}

/** The signature, its doc comment, and the value there is now: shortened, unless `detail` is 1. */
export function inspectContent(typed: Inspection | undefined, live: LiveValue | undefined, detail: number): Content {
  if (typed === undefined && live === undefined) return { status: "ok", found: false, data: {}, metadata: {} };
  const value = live === undefined ? undefined : valueText(live, detail, typed !== undefined);
  const head = typed?.signature ?? `${live?.expression}: ${live?.type}`;
  const tags = typed?.tags.map(({ name, text }) => `@${name}${text === "" ? "" : ` ${text}`}`) ?? [];
  const plain = [
    head,
    typed?.documentation,
    tags.join("\n"),
    value && typed !== undefined ? `value: ${value}` : undefined,
  ];
  const code = (text: string): string => `\`\`\`typescript\n${text}\n\`\`\``;
  const list = typed?.tags.map(({ name, text }) => `- *@${name}* ${text.replaceAll("\n", "\n  ")}`.trimEnd()) ?? [];
  const markdown = [code(head), typed?.documentation, list.join("\n"), value && code(value)];
  const join = (parts: (string | undefined)[], by: string): string =>
    parts.filter((part) => part !== undefined && part !== "").join(by);
  const text = typed === undefined ? join([head, value], "\n") : join(plain, "\n\n");
  return {
    status: "ok",
    found: true,
    data: { "text/plain": text, "text/markdown": join(markdown, "\n\n") },
    metadata: {},
  };
}

/** A function's value is its source, which its signature stands for unless more is asked. */
function valueText({ text, callable }: LiveValue, detail: number, hasSignature: boolean): string | undefined {
  if (detail > 0) return text;
  if (callable && hasSignature) return undefined;
  return text.length <= shortValue ? text : `${text.slice(0, shortValue)}…`;
}
