/** A `text/plain` for bundles that have none: shown where no richer form can be, searched, compared, and read aloud. */
import type { MimeBundle } from "../../../shared/mimeBundle.ts";
import { formatCount } from "../../../shared/text.ts";
import { plainText } from "./plainText.ts";

const longestText = 2000;
/** Markup beyond this many characters is not read for its text. */
const longestMarkup = 200_000;

/** Adds a `text/plain` to the data. Data that shows nothing gets an empty one. */
export function withText(data: MimeBundle): MimeBundle {
  return typeof data["text/plain"] === "string" ? data : { ...data, "text/plain": textOf(data) };
}

/** Makes a text of the type that says most in words. */
function textOf(data: MimeBundle): string {
  for (const type of ["text/markdown", "text/latex"]) if (typeof data[type] === "string") return excerpt(data[type]);
  const html = data["text/html"];
  if (typeof html === "string") return excerpt(htmlText(html)) || `HTML, ${counted(html.length, "character")}`;
  if (data["application/json"] !== undefined) return plainText(data["application/json"]);
  const [type, content] = Object.entries(data)[0] ?? ["", ""];
  const picture = /^image\/([\w-]+)/.exec(type)?.[1]?.toUpperCase();
  if (typeof content !== "string") return type;
  if (picture === "SVG") return excerpt(titleOf(content)) || "SVG picture";
  if (picture !== undefined) return pictureText(type, bytesOf(content));
  if (type === "application/pdf") return `PDF document, ${counted(bytesOf(content), "byte")}`;
  if (/javascript$/.test(type)) return `JavaScript, ${counted(content.length, "character")}`;
  return type.startsWith("text/") ? excerpt(content) : type;
}

/** Describes a picture by its type and size. */
export function pictureText(type: string, bytes: number): string {
  return `${type.slice("image/".length).replace("+xml", "").toUpperCase()} picture, ${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
}

function counted(number: number, unit: string): string {
  return `${formatCount(number)} ${unit}${number === 1 ? "" : "s"}`;
}

function bytesOf(base64: string): number {
  return Math.floor((base64.replace(/=+\s*$/, "").length * 3) / 4);
}

function titleOf(svg: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(svg.slice(0, longestMarkup))?.[1] ?? "";
  return decoded(title).trim();
}

function excerpt(text: string): string {
  const shown = text.length <= longestText ? text : text.slice(0, longestText).replace(/[\ud800-\udbff]$/, "");
  return shown === text ? text : `${shown}\n... ${formatCount(text.length - shown.length)} more characters`;
}

/** Elements without readable text, and those after which a new line begins. */
const silent = /^<(script|style|template|head|noscript|iframe|textarea|select)\b/;
const breaks =
  /^<\/?(p|div|br|hr|tr|table|caption|thead|tbody|ul|ol|li|dl|dt|dd|h[1-6]|pre|section|article|details|summary|figure|figcaption|blockquote|text)\b/;
const cellEnd = /^<\/(td|th)\b/;
const alternative = /^<img\b[^>]*?\balt\s*=\s*("[^"]*"|'[^']*')/i;

/**
 * Extracts the words of the markup, one line per block and row. Every character is looked at once, whatever the markup
 * is.
 */
function htmlText(markup: string): string {
  const html = markup.slice(0, longestMarkup);
  const lower = html.toLowerCase();
  const words: string[] = [];
  let kept = false; // line ends count, as they do in <pre>
  for (let at = 0; at < html.length; ) {
    const start = lower.indexOf("<", at);
    const text = html.slice(at, start === -1 ? html.length : start);
    words.push(kept ? text : text.replace(/\s+/g, " "));
    if (start === -1) break;
    at = start + 1;
    if (lower.startsWith("<!--", start)) at = indexBehind(lower, "-->", start);
    else if (/[a-z/!?]/.test(lower[start + 1] ?? "")) {
      at = tagEnd(html, start);
      const tag = lower.slice(start, Math.min(at, start + 50));
      const name = silent.exec(tag)?.[1];
      if (name !== undefined) at = indexBehind(lower, ">", indexBehind(lower, `</${name}`, at));
      if (/^<\/?pre\b/.test(tag)) kept = tag[1] !== "/";
      if (breaks.test(tag)) words.push("\n");
      else if (cellEnd.test(tag)) words.push("  ");
      else words.push(alternative.exec(html.slice(start, Math.min(at, start + 2000)))?.[1]?.slice(1, -1) ?? "");
    } else words.push("<");
  }
  const lines = decoded(words.join("")).split("\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const shown = lines.map((line) => line.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "").trim());
  return shown.filter((line) => line !== "").join("\n");
}

/** Returns the index behind the tag that begins at `start`; a `>` in quotation marks does not end it. */
function tagEnd(html: string, start: number): number {
  let quote = "";
  for (let at = start + 1; at < html.length; at++) {
    const character = html[at] as string;
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return at + 1;
  }
  return html.length;
}

function indexBehind(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,6}));/gi, (entity, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[name] ?? entity;
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
  });
}
