import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { expect, onTestFinished, test } from "vitest";
import { fonts, subsetFont } from "../../../src/show/figure/fonts.ts";

const svg = (text: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><text x="5" y="25" font-size="16" font-family="Open Sans">${text}</text></svg>`;

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
