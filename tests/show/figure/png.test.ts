import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { expect, onTestFinished, test } from "vitest";
import { subsetFont } from "../../../src/show/figure/fontSubset.ts";
import { fonts } from "../../../src/show/figure/fonts.ts";
import { indexedPng } from "../../../src/show/figure/indexedPng.ts";
import { pathLength, pointAlong } from "../../../src/show/figure/pathLength.ts";
import { rasterize } from "../../../src/show/figure/png.ts";
import { textWidth, wrapApart, wrapText } from "../../../src/show/figure/theme.ts";
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

test("label widths are those that the rasterizer draws", () => {
  const font = { fontFiles: [...fonts().files], loadSystemFonts: false };
  // The ink of ten letters less that of five is five advances.
  const ink = (text: string, weight: string) => {
    const markup = `<svg xmlns="http://www.w3.org/2000/svg" width="9999" height="200"><text x="9" y="120" font-size="100" font-weight="${weight}" font-family="Open Sans">${text}</text></svg>`;
    return new Resvg(markup, { font }).getBBox()?.width ?? 0;
  };
  for (const letter of ["0", "m", "±", "é", "Ω"]) {
    const advance = (weight: string) => (ink(letter.repeat(10), weight) - ink(letter.repeat(5), weight)) / 500;
    expect(fonts().regular.width(letter)).toBeCloseTo(advance("normal"), 3);
    expect(fonts().bold.width(letter)).toBeCloseTo(advance("bold"), 3);
  }
  expect([fonts().regular.covers("±×·…−"), fonts().regular.covers("学習")]).toEqual([true, false]);
});

test("a font of a few letters draws them as the whole font does, and no others", () => {
  const text = "Ä 84.1%, best: epoch 8 é";
  const folder = mkdtempSync(join(tmpdir(), "thaw-font-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const draw = (file: Buffer, markup: string) => {
    const path = join(folder, "font.ttf");
    writeFileSync(path, file);
    return new Resvg(markup, { font: { fontFiles: [path], loadSystemFonts: false } }).render().pixels;
  };
  for (const face of [fonts().regular, fonts().bold]) {
    const [whole, subset] = [readFileSync(face.path), subsetFont(face, text)];
    const markup = svg(text).replace("<text", `<text font-weight="${face === fonts().bold ? 700 : 400}"`);
    expect(Buffer.compare(draw(subset, markup), draw(whole, markup))).toBe(0);
    expect(subset.length).toBeLessThan(whole.length / 3);
    expect(draw(subset, svg("XYZ")).every((value) => value === 0)).toBe(true); // outlines of others are left out
    expect(draw(whole, svg("XYZ")).every((value) => value === 0)).toBe(false);
  }
});

test("names that would be cut to the same lines keep what tells them apart", () => {
  const lines = (names: readonly string[]) => wrapApart(names, 120, 13, 2).map((parts) => parts.join("|"));
  const ends = lines(["a rather long name of a strategy, seed 1", "a rather long name of a strategy, seed 2"]);
  expect(new Set(ends).size).toBe(2);
  for (const [i, name] of ends.entries()) expect(name).toMatch(new RegExp(`^a.*….*${i + 1}$`));
  expect(lines(["short", "another"])).toEqual(["short", "another"]);
  const same = "a rather long name of a strategy that is the same";
  expect(new Set(lines([same, same])).size).toBe(1); // nothing tells them apart
  const middles = [1, 2].map((i) => `all of this is the very same beginning ${i} and so is the whole of this ending`);
  expect(new Set(lines(middles)).size).toBe(2);
  for (const name of lines(middles))
    for (const part of name.split("|")) expect(textWidth(part, 13)).toBeLessThanOrEqual(120);
});

test("long names are wrapped, and cut with an ellipsis", () => {
  expect(wrapText("last four layers and head", 70, 13, 3)).toEqual(["last four", "layers and", "head"]);
  expect(wrapText("an-unbroken-and-very-long-name", 60, 13, 9).join("")).toBe("an-unbroken-and-very-long-name");
  expect(wrapText("an-unbroken-and-very-long-name", 60, 13, 2)).toEqual(["an-unbr", expect.stringMatching(/…$/)]);
  expect(wrapText("one two three four", 30, 13, 2).at(-1)).toMatch(/…$/);
});

test("lengths along arrows", () => {
  expect(pathLength("M0,0L3,4L3,10")).toBe(11);
  expect(pointAlong("M0,0L3,4L3,10", 6)).toEqual({ x: 3, y: 5 });
  expect(pointAlong("M0,0L3,4", 99)).toEqual({ x: 3, y: 4 });
});
