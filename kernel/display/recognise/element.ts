/** DOM elements of any implementation (jsdom, linkedom, happy-dom): their markup. */
import { framed, inert } from "../inert.ts";
import { printable } from "../printable.ts";
import type { Recogniser } from "./recogniser.ts";

const maxMarkup = 5_000_000;

export const element: Recogniser = (value) => {
  const { outerHTML: markup } = value as { outerHTML?: unknown };
  if (typeof markup !== "string" || markup.length > maxMarkup) return undefined;
  const text = printable(markup, 2000);
  if (!inert(markup)) return { data: { "text/html": framed(markup), "text/plain": text } };
  return { data: { [/^<svg[\s>]/.test(markup) ? "image/svg+xml" : "text/html"]: markup, "text/plain": text } };
};
