import { Resvg } from "@resvg/resvg-js";
import { expect, test } from "vitest";
import { fonts } from "../../../src/show/figure/fonts.ts";
import { indexedPng, rasterize } from "../../../src/show/figure/png.ts";
import { contrast, decodePng, differing } from "../decodePng.ts";

const svg = (text: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="5" y="25" font-size="16" font-family="Open Sans">${text}</text></svg>`;

test("text is drawn with the font that is brought along, without any system font", async () => {
  const picture = decodePng(await rasterize(svg("0.841 ± 2"), 1, "white"));
  expect([picture.width, picture.height]).toEqual([200, 40]);
  expect(contrast(picture)).toBeGreaterThan(5);
});

test("the palette keeps a line drawing as it is, and leaves a picture of many colours alone", () => {
  const drawing = new Resvg(svg("abc"), { background: "white", font: { fontFiles: [...fonts().files] } }).render();
  const png = indexedPng(drawing);
  expect(png).toBeDefined();
  expect(differing(decodePng(png ?? new Uint8Array()), { width: 200, height: 40, pixels: drawing.pixels }, 0)).toBe(0);
  const noise = { width: 128, height: 128, pixels: Uint8Array.from({ length: 65_536 }, (_, i) => (i >> 2) % 251) };
  expect(indexedPng(noise)).toBeDefined(); // 251 colours
  const many = {
    ...noise,
    pixels: Uint8Array.from({ length: 65_536 }, (_, i) => Math.floor(1e6 * Math.abs(Math.sin(i))) % 256),
  };
  expect(indexedPng(many)).toBeUndefined();
});

test("a picture without paper keeps its transparency, and what is drawn on it, in the palette too", async () => {
  const drawing = new Resvg(svg("abc"), { font: { fontFiles: [...fonts().files] } }).render();
  const { pixels } = decodePng(indexedPng(drawing) ?? new Uint8Array());
  expect(pixels.length).toBe(drawing.pixels.length);
  pixels.forEach((value, i) => {
    expect(Math.abs(value - (drawing.pixels[i] ?? 0))).toBeLessThanOrEqual(i % 4 === 3 ? 0 : 1);
  });
  expect([pixels[3], Math.max(...pixels.filter((_, i) => i % 4 === 3))]).toEqual([0, 255]);
});
