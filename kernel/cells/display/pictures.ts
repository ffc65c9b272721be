/** Pictures: files as bytes or blobs, canvases, and DOM elements, which are shown as HTML or SVG. */
import { types } from "node:util";
import type { DisplayBundle, MimeBundle } from "../../../shared/mimeBundle.ts";
import { tryOr } from "../interrupt/kernelInterrupt.ts";
import { fromCellPromise } from "../realm/cellRealm.ts";
import { asBuffer } from "./mimeData.ts";
import { printable } from "./plainText.ts";
import { boundMethod, type Recogniser, whenFulfilled } from "./recogniser.ts";
import { pictureText } from "./textFallback.ts";
import { isHarmless, sandboxedFrame, svgImage } from "./untrustedMarkup.ts";

/** The largest picture in bytes: a notebook with more than this in one output can hardly be opened. */
const maxBytes = 32 * 2 ** 20;

const signatures: readonly [type: string, test: RegExp][] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format begins so
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBP/s],
  ["image/svg+xml", /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/s],
];

/** Files of pictures: their bytes, or a blob of them. */
export const imageBytes: Recogniser = (value) => {
  if (types.isUint8Array(value) || types.isAnyArrayBuffer(value)) return pictureOf(asBuffer(value));
  return isBlob(value) && value.size <= maxBytes ? fromBlob(value) : undefined;
};

/** Whether the value is a blob, by its tag and method: the first mention of the class itself loads a part of Node. */
function isBlob(value: object): value is Blob {
  return (
    /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(value)) &&
    boundMethod(value, "arrayBuffer") !== undefined
  );
}

async function fromBlob(blob: Blob): Promise<DisplayBundle | undefined> {
  const type = imageType(Buffer.from(await fromCellPromise(blob.slice(0, 1024).arrayBuffer())));
  return type === undefined ? undefined : pictureOf(Buffer.from(await fromCellPromise(blob.arrayBuffer())));
}

function pictureOf(bytes: Buffer): DisplayBundle | undefined {
  const type = imageType(bytes);
  if (type === undefined || bytes.length > maxBytes) return undefined;
  const text = pictureText(type, bytes.length);
  if (type !== "image/svg+xml") return { data: { [type]: bytes.toString("base64"), "text/plain": text } };
  return { data: { ...svgData(bytes.toString("utf8")), "text/plain": text } };
}

/** Shows SVG as itself where it can do nothing, else in an `<img>`. */
function svgData(svg: string): MimeBundle {
  return isHarmless(svg) ? { "image/svg+xml": svg } : { "text/html": svgImage(svg) };
}

/** Returns the MIME type of a picture this kernel can show, told by its first bytes, or undefined. */
export function imageType(bytes: Uint8Array): string | undefined {
  const start = asBuffer(bytes).toString("latin1", 0, 1024);
  return signatures.find(([, test]) => test.test(start))?.[0];
}

/** Canvases of any implementation (canvas, skia-canvas, @napi-rs/canvas, jsdom): their picture. */
export const canvas: Recogniser = (value) => {
  const { width, height } = value as { width?: unknown; height?: unknown };
  const draw = boundMethod(value, "toDataURL") ?? (boundMethod(value, "getContext") && boundMethod(value, "toBuffer"));
  if (draw === undefined) return undefined;
  const text = `Canvas, ${Number(width)} x ${Number(height)}`;
  return whenFulfilled(draw("image/png"), (drawn) => drawnPicture(drawn, text));
};

function drawnPicture(drawn: unknown, text: string): DisplayBundle | undefined {
  const [, base64] = /^data:image\/[\w.+-]+;base64,([\w+/=]+)$/.exec(typeof drawn === "string" ? drawn : "") ?? [];
  const bytes = types.isUint8Array(drawn) ? drawn : Buffer.from(base64 ?? "", "base64");
  const type = imageType(bytes);
  if (type === undefined || type === "image/svg+xml") return undefined;
  return { data: { [type]: Buffer.from(bytes).toString("base64"), "text/plain": text } };
}

const maxMarkup = 5_000_000;

/** DOM elements of any implementation (jsdom, linkedom, happy-dom): their markup, whole. */
export const element: Recogniser = (value) => {
  const { outerHTML: markup } = value as { outerHTML?: unknown };
  if (typeof markup !== "string" || markup.length > maxMarkup) return undefined;
  const text = printable(markup, 2000);
  if (!/^<svg[\s>]/i.test(markup)) {
    return { data: { "text/html": isHarmless(markup) ? markup : sandboxedFrame(markup), "text/plain": text } };
  }
  return { data: { ...svgData(asXml(value, markup)), "text/plain": text } };
};

/**
 * Writes an SVG element as XML, as frontends read it. `outerHTML` lacks the namespace, and `&nbsp;` means nothing in
 * XML.
 */
function asXml(value: object, markup: string): string {
  const written = tryOr<unknown>(
    () => {
      const { ownerDocument } = value as {
        ownerDocument?: { defaultView?: { XMLSerializer?: new () => XmlSerializer } };
      };
      const { XMLSerializer } = ownerDocument?.defaultView ?? {};
      return XMLSerializer === undefined ? undefined : new XMLSerializer().serializeToString(value);
    },
    () => undefined,
  );
  if (typeof written === "string" && /^<svg[^>]*\sxmlns=/.test(written)) return written;
  const links =
    /\bxlink:/.test(markup) && !/xmlns:xlink=/.test(markup) ? ' xmlns:xlink="http://www.w3.org/1999/xlink"' : "";
  const space = /^<svg[^>]*\sxmlns=/.test(markup) ? "" : ' xmlns="http://www.w3.org/2000/svg"';
  return markup.replace(/^<svg/i, `<svg${space}${links}`).replaceAll("&nbsp;", "&#160;");
}

interface XmlSerializer {
  serializeToString(node: object): string;
}
