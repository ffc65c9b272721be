/** Canvases of any implementation (canvas, skia-canvas, @napi-rs/canvas, jsdom): their picture. */
import { types } from "node:util";
import { settled } from "../../cellRealm.ts";
import type { Bundle } from "../bundle.ts";
import { imageType } from "./imageBytes.ts";
import { method, type Recogniser } from "./recogniser.ts";

export const canvas: Recogniser = (value) => {
  const { width, height } = value as { width?: unknown; height?: unknown };
  const draw = method(value, "toDataURL") ?? (method(value, "getContext") && method(value, "toBuffer"));
  if (draw === undefined) return undefined;
  const text = `Canvas, ${Number(width)} x ${Number(height)}`;
  const drawn = draw("image/png");
  return types.isPromise(drawn) ? settled(drawn).then((given) => pictureOf(given, text)) : pictureOf(drawn, text);
};

function pictureOf(drawn: unknown, text: string): Bundle | undefined {
  const [, base64] = /^data:image\/[\w.+-]+;base64,([\w+/=]+)$/.exec(typeof drawn === "string" ? drawn : "") ?? [];
  const bytes = types.isUint8Array(drawn) ? drawn : Buffer.from(base64 ?? "", "base64");
  const type = imageType(bytes);
  if (type === undefined || type === "image/svg+xml") return undefined;
  return { data: { [type]: Buffer.from(bytes).toString("base64"), "text/plain": text } };
}
