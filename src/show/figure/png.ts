/** PNG pictures without a browser: SVG is rasterized, and pixels are encoded. Format: https://www.w3.org/TR/png-3/ */
import { crc32, deflateSync } from "../../platform/bytes.ts";
import { fonts } from "./fonts.ts";

/**
 * Rasterizes `svg` at `scale` pixels per unit, on white or on a transparent background. System fonts are looked at only for
 * characters that the figure font lacks.
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

/**
 * A picture of `width` x `height` pixels. `pixels` has 4 bytes per pixel: red, green and blue, each multiplied by alpha, and
 * alpha. The rows go from the top down.
 */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/**
 * Encodes a picture with a palette of at most 256 colours: a third of the size of true colour for line art, and notebooks are
 * kept in git. No channel is off by more than 16 of 255; undefined where that takes more colours.
 */
export function indexedPng({ width, height, pixels }: Pixels): Uint8Array | undefined {
  const palette = findPalette(pixels);
  if (palette === undefined) return undefined;
  const rows = Buffer.alloc((width + 1) * height); // each row after a byte 0: no filter
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y * (width + 1) + 1 + x] = palette.indexOf(colorAt(pixels, 4 * (y * width + x)));
    }
  }
  const channels = palette.colors.map(channelsOf);
  const plain = channels.flatMap(([r, g, b, a]) =>
    [r, g, b].map((value) => (a === 0 ? 0 : Math.round((value * 255) / a))),
  );
  const isOpaque = channels.every(([, , , alpha]) => alpha === 255);
  return pngFile({ width, height, colorType: "palette" }, [
    ["PLTE", Buffer.from(plain)],
    ...(isOpaque ? [] : [["tRNS", Buffer.from(channels.map(([, , , alpha]) => alpha))] as const]),
    ["IDAT", deflateSync(rows, { level: 9 })],
  ]);
}

interface Palette {
  readonly colors: readonly number[];
  indexOf(color: number): number;
}

/** A picture of more colours is a photograph or a heat map, for which no palette is tried. */
const mostColors = 1 << 13;

/**
 * Chooses exact colours where 256 are enough; else rare colours (edges of lines and letters) become the nearest frequent
 * one.
 */
function findPalette(pixels: Uint8Array): Palette | undefined {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const color = colorAt(pixels, at);
    counts.set(color, (counts.get(color) ?? 0) + 1);
    if (counts.size > mostColors) return undefined;
  }
  const byFrequency = [...counts].sort((a, b) => b[1] - a[1]).map(([color]) => color);
  for (const reach of [0, 4, 8, 16]) {
    const palette = cover(byFrequency, reach);
    if (palette !== undefined) return palette;
  }
  return undefined;
}

/** Takes the most frequent colours, so that each colour is at most `reach` off one of them in every channel. */
function cover(byFrequency: readonly number[], reach: number): Palette | undefined {
  const colors: number[] = [];
  const indices = new Map<number, number>();
  for (const color of byFrequency) {
    const near = reach === 0 ? -1 : colors.findIndex((known) => distance(known, color) <= reach);
    const index = near >= 0 ? near : colors.push(color) - 1;
    if (index > 255) return undefined;
    indices.set(color, index);
  }
  return { colors, indexOf: (color) => indices.get(color) ?? 0 };
}

function distance(a: number, b: number): number {
  // without arrays: it is computed millions of times for a picture
  return Math.max(
    Math.abs((a >>> 24) - (b >>> 24)),
    Math.abs(((a >>> 16) & 255) - ((b >>> 16) & 255)),
    Math.abs(((a >>> 8) & 255) - ((b >>> 8) & 255)),
    Math.abs((a & 255) - (b & 255)),
  );
}

/** Packs the four bytes of a pixel into one number. */
function colorAt(pixels: Uint8Array, at: number): number {
  const [red, green, blue, alpha] = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0, pixels[at + 3] ?? 0];
  return ((red << 24) | (green << 16) | (blue << 8) | alpha) >>> 0;
}

const channelsOf = (color: number): [red: number, green: number, blue: number, alpha: number] => [
  color >>> 24,
  (color >>> 16) & 255,
  (color >>> 8) & 255,
  color & 255,
];

/** Encodes pixels of 4 bytes each (red, green, blue, alpha) in true colour. */
export function truecolorPng({
  width,
  height,
  pixels,
}: {
  width: number;
  height: number;
  pixels: Uint8ClampedArray;
}): Buffer {
  const stride = 4 * width;
  const rows = Buffer.alloc((stride + 1) * height); // each row after a byte 0: no filter
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return pngFile({ width, height, colorType: "rgba" }, [["IDAT", deflateSync(rows)]]);
}

interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** A pixel is an index into the palette, or four channels, of 8 bits each. */
  readonly colorType: "palette" | "rgba";
}

/**
 * Frames a PNG file: signature, header, chunks with their checksums. `chunks` are the names and contents between the header
 * and the end.
 */
function pngFile({ width, height, colorType }: PngHeader, chunks: readonly (readonly [string, Uint8Array])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colorType === "palette" ? 3 : 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const all = [["IHDR", header], ...chunks, ["IEND", Buffer.alloc(0)]] as const;
  return Buffer.concat([signature, ...all.map(([type, content]) => chunk(type, content))]);
}

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
