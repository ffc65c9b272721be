/** Reads a PNG through the rasterizer, so that a test can look at its pixels. */
import { Resvg } from "@resvg/resvg-js";

export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** 4 bytes a pixel. */
  readonly pixels: Uint8Array;
}

export function decodePng(png: Uint8Array): Decoded {
  const bytes = Buffer.from(png);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const href = `data:image/png;base64,${bytes.toString("base64")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}"><image width="${width}" height="${height}" xlink:href="${href}"/></svg>`;
  const rendered = new Resvg(svg).render();
  return { width: rendered.width, height: rendered.height, pixels: rendered.pixels };
}

/** Standard deviation of the red channel over the picture: 0 for a blank one. */
export function contrast({ pixels }: Decoded): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 4, count++) {
    const red = pixels[i] ?? 0;
    sum += red;
    squares += red * red;
  }
  return Math.sqrt(squares / count - (sum / count) ** 2);
}

/** Number of pixels that differ by more than `reach` in some channel. */
export function differing(a: Decoded, b: Decoded, reach: number): number {
  let count = 0;
  for (let i = 0; i < a.pixels.length; i += 4) {
    if ([0, 1, 2].some((channel) => Math.abs((a.pixels[i + channel] ?? 0) - (b.pixels[i + channel] ?? 0)) > reach))
      count++;
  }
  return count;
}
