/** Shows markup of unknown origin directly only if it is inert; else in a sandbox. */
import { escapeHtml } from "../../../shared/text.ts";

/**
 * Patterns of elements that run, load or send something, of attributes that do, and of ways to hide them. They match
 * rather too much than too little.
 */
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
/** Matches what in a style sheet loads something, or hides what it does. */
const loading =
  /url\s*\(|image\s*\(|image-set\s*\(|src\s*\(|@(?!media|supports|layer|container|keyframes)|behavior|binding|\\/i;

/** Whether nothing in `markup` could run code, and no style sheet in it reaches beyond it or loads something. */
export function isHarmless(markup: string): boolean {
  if (active.some((pattern) => pattern.test(markup))) return false;
  return [...markup.matchAll(styles)].every(([, css = ""]) => !loading.test(css) && isOwn(css));
}

/** Whether each selector names a class or an id: `body` and `*` would restyle the notebook. */
function isOwn(css: string): boolean {
  const selectors = css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/@[^{]*\{/g, "")
    .match(/[^{}]+(?=\{)/g);
  return (selectors ?? []).every((list) => list.split(/,(?![^(]*\))/).every((one) => /[.#][\w-]/.test(one)));
}

/** Puts the markup into a frame without scripts, forms or an origin. */
export function sandboxedFrame(markup: string): string {
  const style = `width: 100%; height: ${heightOf(markup)}; resize: vertical; border: 0; background: #fff`;
  return `<iframe sandbox="" style="${style}" srcdoc="${escapeHtml(markup)}"></iframe>`;
}

/**
 * Puts an SVG picture into an `<img>`, where no script runs and nothing is loaded, whatever the frontend does with SVG.
 */
export function svgImage(svg: string): string {
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  return `<img alt="" style="max-width: 100%" src="${source}">`;
}

const pictures = /<(svg|img|canvas|video|iframe|object|embed)\b([^>]*)>/gi;
const blocks = /<(tr|li|p|h[1-6]|br|hr|dt|dd|figcaption|summary|button|input|label)\b|\n/gi;
const charactersPerLine = 100;

/**
 * Estimates a height that the markup fits into, since nobody outside can ask a frame without an origin. It is rather
 * too high than cut off.
 */
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
