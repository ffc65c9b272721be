/** The text of a tooltip, which the protocol worker sends to the frontend and `name?` in a cell shows on the main thread. */
import type { Inspection, LiveValue } from "./messages.ts";

/** Characters of a value's text that a tooltip shows at detail level 0. */
const shortValue = 600;

/**
 * Combines the signature, its doc comment, and the current value, shortened unless `detail` is 1. Returns a MIME
 * bundle, or undefined if nothing is known.
 */
export function tooltipOf(
  typed: Inspection | undefined,
  live: LiveValue | undefined,
  detail: number,
): Record<string, string> | undefined {
  if (typed === undefined && live === undefined) return undefined;
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
  return { "text/plain": text, "text/markdown": join(markdown, "\n\n") };
}

/** Returns the text of a value. The source of a function is omitted if its signature is shown, unless `detail` is 1. */
function valueText({ text, callable }: LiveValue, detail: number, hasSignature: boolean): string | undefined {
  if (detail > 0) return text;
  if (callable && hasSignature) return undefined;
  return text.length <= shortValue ? text : `${text.slice(0, shortValue)}…`;
}
