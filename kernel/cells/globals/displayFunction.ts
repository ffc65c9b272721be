/** The function `display` with its shortcuts: `display.html(...)` and the like show one MIME type. */
import { types } from "node:util";
import { escapeHtml } from "../../../shared/text.ts";
import { asBuffer } from "../display/mimeData.ts";
import type { DisplayHandle, Displays, ShowOptions } from "./displays.ts";

/** Shows text: `display.html("<b>hi</b>")`, or as a template's tag, which escapes what is put in. */
interface ShowText {
  (text: string, options?: ShowOptions): DisplayHandle;
  (strings: TemplateStringsArray, ...values: unknown[]): DisplayHandle;
}

/** Shows bytes, given as such or as base64 text. */
type ShowBytes = (bytes: Uint8Array | ArrayBuffer | string, options?: ShowOptions) => DisplayHandle;

/** The function that cells have as `display`. */
export interface Display {
  (value: unknown, options?: ShowOptions): DisplayHandle;
  readonly html: ShowText;
  readonly markdown: ShowText;
  readonly latex: ShowText;
  readonly svg: ShowText;
  readonly text: ShowText;
  /** Runs JavaScript in the page of the notebook. */
  readonly javascript: ShowText;
  /** Shows plain data as a tree that folds. */
  readonly json: (value: unknown, options?: ShowOptions) => DisplayHandle;
  readonly png: ShowBytes;
  readonly jpeg: ShowBytes;
  readonly gif: ShowBytes;
  readonly pdf: ShowBytes;
}

/** Creates the function `display` of cells. */
export function createDisplay(displays: Displays): Display {
  const { show } = displays;
  const raw = (type: string, content: unknown, options: ShowOptions = {}): DisplayHandle =>
    show({ data: { [type]: content } }, options);
  const textual =
    (type: string, quoted: (text: string) => string): ShowText =>
    (first: string | TemplateStringsArray, ...rest: unknown[]) => {
      if (isTemplate(first)) {
        const strings = type === "text/latex" ? first.raw : first; // a backslash means something in LaTeX
        return raw(type, String.raw({ raw: strings }, ...rest.map((value) => quoted(String(value)))));
      }
      return raw(type, textOf(first, type), rest[0] as ShowOptions | undefined);
    };
  const binary =
    (type: string): ShowBytes =>
    (bytes, options) =>
      raw(type, base64Of(bytes, type), options);
  const asIs = (text: string): string => text;
  return Object.assign((value: unknown, options?: ShowOptions) => show(value, options), {
    html: textual("text/html", escapeHtml),
    markdown: textual("text/markdown", escapeHtml),
    latex: textual("text/latex", asIs),
    svg: textual("image/svg+xml", escapeHtml),
    text: textual("text/plain", asIs),
    javascript: textual("text/javascript", asIs),
    json: (value: unknown, options?: ShowOptions) => raw("application/json", value, options),
    png: binary("image/png"),
    jpeg: binary("image/jpeg"),
    gif: binary("image/gif"),
    pdf: binary("application/pdf"),
  });
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && "raw" in value;
}

function textOf(value: unknown, type: string): string {
  if (typeof value === "string") return value;
  if (types.isUint8Array(value)) return asBuffer(value).toString("utf8");
  throw wrongContent(`${type} is shown from a string, got ${typeof value}. display(value) shows any value.`);
}

function base64Of(value: unknown, type: string): string {
  if (typeof value === "string") return value;
  if (types.isUint8Array(value) || types.isArrayBuffer(value)) return asBuffer(value).toString("base64");
  throw wrongContent(
    `${type} is shown from bytes (a Uint8Array, say, as readFileSync gives them) or base64 text, got ${typeof value}.`,
  );
}

function wrongContent(message: string): TypeError & { code: string } {
  return Object.assign(new TypeError(message), { code: "BAD_DISPLAY" });
}
