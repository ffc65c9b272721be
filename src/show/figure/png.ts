/** SVG -> PNG without a browser. */
import { fonts } from "./fonts.ts";
import { indexedPng } from "./indexedPng.ts";

/**
 * Rasterizes `svg` at `scale` pixels per unit, on white or on nothing. System fonts are looked at only for characters that the
 * figure font lacks.
 */
export async function rasterize(svg: string, scale: number, background?: "white"): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const { regular, files } = fonts();
  const text = svg.replace(/<[^>]*>/g, "").replace(/&[#\w]+;/g, "");
  // The rasterizer knows only the older name for cells with sharp edges, and would blur heat maps.
  const image = new Resvg(svg.replaceAll("image-rendering: pixelated", "image-rendering: optimizeSpeed"), {
    fitTo: { mode: "zoom", value: scale },
    ...(background === undefined ? {} : { background }),
    font: {
      fontFiles: [...files],
      loadSystemFonts: !regular.covers(text),
      defaultFontFamily: "Open Sans",
      sansSerifFamily: "Open Sans",
      serifFamily: "Open Sans",
      monospaceFamily: "Open Sans",
    },
  });
  const rendered = image.render();
  return indexedPng(rendered) ?? rendered.asPng();
}
