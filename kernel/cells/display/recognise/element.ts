/** DOM elements of any implementation (jsdom, linkedom, happy-dom): their markup, whole. */
import { attempt } from "../attempt.ts";
import { framed, inert, pictured } from "../inert.ts";
import { printable } from "../printable.ts";
import type { Recogniser } from "./recogniser.ts";

const maxMarkup = 5_000_000;

export const element: Recogniser = (value) => {
  const { outerHTML: markup } = value as { outerHTML?: unknown };
  if (typeof markup !== "string" || markup.length > maxMarkup) return undefined;
  const text = printable(markup, 2000);
  if (!/^<svg[\s>]/i.test(markup)) {
    return { data: { "text/html": inert(markup) ? markup : framed(markup), "text/plain": text } };
  }
  const svg = asXml(value, markup);
  const shown = inert(svg) ? { "image/svg+xml": svg } : { "text/html": pictured(svg) };
  return { data: { ...shown, "text/plain": text } };
};

/** Frontends read a picture as XML, which `outerHTML` is not: the namespace is missing, and `&nbsp;` means nothing. */
function asXml(value: object, markup: string): string {
  const written = attempt<unknown>(
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
