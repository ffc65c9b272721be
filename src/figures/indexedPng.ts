/** PNG with a palette: a third of the size of true colour for line art, and notebooks are kept in git. */
import { deflateSync } from "node:zlib";
import { pngFile } from "./pngFile.ts";

/** An opaque picture: `pixels` has 4 bytes (red, green, blue, unused) a pixel, rows from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A PNG of at most 256 colours, none off by more than 16 of 255 in a channel; undefined where that takes more colours. */
export function indexedPng({ width, height, pixels }: Pixels): Uint8Array | undefined {
  const palette = findPalette(pixels);
  if (palette === undefined) return undefined;
  const rows = Buffer.alloc((width + 1) * height); // each row after a byte 0: no filter
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y * (width + 1) + 1 + x] = palette.indexOf(colorAt(pixels, 4 * (y * width + x)));
    }
  }
  const colors = Buffer.from(palette.colors.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  return pngFile({ width, height, colorType: "palette" }, [
    ["PLTE", colors],
    ["IDAT", deflateSync(rows, { level: 9 })],
  ]);
}

interface Palette {
  readonly colors: readonly number[];
  indexOf(color: number): number;
}

/** Exact where 256 colours are enough; else rare colours (edges of lines and letters) become the nearest frequent one. */
function findPalette(pixels: Uint8Array): Palette | undefined {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const color = colorAt(pixels, at);
    counts.set(color, (counts.get(color) ?? 0) + 1);
    if (counts.size > mostColors) return undefined; // a photograph or heat map
  }
  const byFrequency = [...counts].sort((a, b) => b[1] - a[1]).map(([color]) => color);
  for (const reach of [0, 4, 8, 16]) {
    const palette = cover(byFrequency, reach);
    if (palette !== undefined) return palette;
  }
  return undefined;
}

/** The most frequent colours, so that each colour is at most `reach` off one of them in every channel. */
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
  return Math.max(
    Math.abs((a >> 16) - (b >> 16)),
    Math.abs(((a >> 8) & 255) - ((b >> 8) & 255)),
    Math.abs((a & 255) - (b & 255)),
  );
}

const mostColors = 1 << 12;

function colorAt(pixels: Uint8Array, at: number): number {
  return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
}
