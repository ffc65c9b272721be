/** PNG with a palette: a third of the size of true colour for line art, and notebooks are kept in git. */
import { deflateSync } from "node:zlib";
import { pngFile } from "./pngFile.ts";

/** A picture: `pixels` has 4 bytes per pixel, red, green and blue multiplied by alpha, and alpha; rows from the top. */
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
  // without arrays: it is computed millions of times for a picture
  return Math.max(
    Math.abs((a >>> 24) - (b >>> 24)),
    Math.abs(((a >>> 16) & 255) - ((b >>> 16) & 255)),
    Math.abs(((a >>> 8) & 255) - ((b >>> 8) & 255)),
    Math.abs((a & 255) - (b & 255)),
  );
}

const mostColors = 1 << 13;

/** The four bytes of a pixel as one number. */
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
