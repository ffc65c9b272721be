/** Markup that someone else wrote: shown as it is only if it cannot do anything. */
import { escapeHtml } from "../../../shared/text.ts";

/** Elements that run, load or send something, attributes that do, and the ways to hide them. Rather too many than too few. */
const active = [
  /<[\s/]*(script|iframe|frame|object|embed|applet|link|meta|base|form|foreignobject|animate|set|use|handler|template|portal|\?xml-stylesheet|!entity|!doctype[^>]*\[)/i,
  /\bon[^\s"'<>/=]*\s*=/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: parsers disagree about them
  /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]/,
  /script\s*:/i,
  /\bdata\s*:(?!image\/(png|jpeg|gif|webp)[;,])/i,
  /\bsrcdoc\b/i,
  /&#|&(tab|newline|colon|lpar);/i,
  /@import|expression\s*\(/i,
];

const styles = /<style[\s>]([\s\S]*?)(?:<\/style\s*>|$)/gi;
/** What in a style sheet loads something, or hides what it does. */
const loading =
  /url\s*\(|image\s*\(|image-set\s*\(|src\s*\(|@(?!media|supports|layer|container|keyframes)|behavior|binding|\\/i;

/** Whether nothing in `markup` could run code, and no style sheet in it reaches beyond it or loads something. */
export function isHarmless(markup: string): boolean {
  if (active.some((pattern) => pattern.test(markup))) return false;
  return [...markup.matchAll(styles)].every(([, css = ""]) => !loading.test(css) && isOwn(css));
}

/** Whether each selector names a class or an id: `body` and `*` would be the notebook's. */
function isOwn(css: string): boolean {
  const selectors = css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/@[^{]*\{/g, "")
    .match(/[^{}]+(?=\{)/g);
  return (selectors ?? []).every((list) => list.split(/,(?![^(]*\))/).every((one) => /[.#][\w-]/.test(one)));
}

/** The markup in a frame of its own without scripts, forms or an origin: what could do something there cannot. */
export function sandboxedFrame(markup: string): string {
  const style = `width: 100%; height: ${heightOf(markup)}; resize: vertical; border: 0; background: #fff`;
  return `<iframe sandbox="" style="${style}" srcdoc="${escapeHtml(markup)}"></iframe>`;
}

/** An SVG picture as the source of an `<img>`, where no script runs and nothing is loaded, whatever the frontend does with SVG. */
export function svgImage(svg: string): string {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  return `<img alt="" style="max-width: 100%" src="${source}">`;
}

const pictures = /<(svg|img|canvas|video|iframe|object|embed)\b([^>]*)>/gi;
const blocks = /<(tr|li|p|h[1-6]|br|hr|dt|dd|figcaption|summary|button|input|label)\b|\n/gi;
const charactersPerLine = 100;

/** A height that the markup should fit into: nobody outside a frame without an origin can ask it. Rather too high than cut off. */
function heightOf(markup: string): string {
  let pixels = 0;
  let end = 0;
  for (const { 0: tag, 1: name = "", 2: attributes = "", index } of markup.matchAll(pictures)) {
    if (index < end) continue; // inside a picture
    const given = /\bheight\s*[=:]\s*["']?(\d+)/i.exec(attributes)?.[1];
    const inside = /\bviewBox\s*=\s*["']?[\d.-]+[\s,]+[\d.-]+[\s,]+[\d.]+[\s,]+(\d+)/i.exec(attributes)?.[1];
    pixels += Number(given ?? inside ?? (name.toLowerCase() === "img" ? 300 : 150));
    const close = name.toLowerCase() === "svg" ? markup.indexOf("</svg>", index) : -1;
    end = close === -1 ? index + tag.length : close;
  }
  const boxes = [...markup.matchAll(/\b(?:min-)?height\s*:\s*(\d+)px/gi)].map(([, height]) => Number(height));
  const text = markup.replace(styles, "").replace(/<[^>]*>/g, "");
  const lines = (markup.replace(styles, "").match(blocks)?.length ?? 0) + text.length / charactersPerLine;
  const ems = Math.min(200, Math.ceil(4 + 1.6 * lines));
  return `calc(${Math.min(4000, Math.max(pixels, ...boxes))}px + ${Math.max(12, ems)}em)`;
}
