/** Markup that someone else wrote: shown as it is only if it cannot do anything. */
import { escapeHtml } from "./escapeHtml.ts";

/** Elements that run, load or send something, attributes that do, and the ways to hide them. Rather too many than too few. */
const active = [
  /<[\s/]*(script|iframe|frame|object|embed|applet|link|meta|base|form|style|foreignobject|animate|set|use|handler|template|portal|\?xml-stylesheet|!entity|!doctype[^>]*\[)/i,
  /\bon[^\s"'<>/=]*\s*=/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: parsers disagree about them
  /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]/,
  /script\s*:/i,
  /\bdata\s*:(?!image\/(png|jpeg|gif|webp)[;,])/i,
  /\bsrcdoc\b/i,
  /&#|&(tab|newline|colon|lpar);/i,
  /@import|expression\s*\(/i,
];

/** Whether nothing in `markup` could run code. */
export function inert(markup: string): boolean {
  return !active.some((pattern) => pattern.test(markup));
}

/** The markup in a frame of its own without scripts, forms or an origin: what could do something there cannot. */
export function framed(markup: string): string {
  return `<iframe sandbox="" style="width: 100%; height: 12em; resize: vertical; border: 0; background: #fff" srcdoc="${escapeHtml(markup)}"></iframe>`;
}
