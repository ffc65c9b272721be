/** The font of every picture, loaded from this package's own dependency so that a figure looks the same on every machine. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ThawError } from "../../errors.ts";

/** First choice of every text in a figure; live plots fall back to what the reader's browser has. */
export const fontFamily = "Open Sans, Segoe UI, Noto Sans, Arial, Helvetica, sans-serif";

export interface Fonts {
  readonly regular: FontFace;
  readonly bold: FontFace;
  /** Paths of all font files, for the rasterizer. */
  readonly files: readonly string[];
}

let loaded: Fonts | undefined;

/** Reads the fonts at first use (about 130 kB each). */
export function fonts(): Fonts {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const path = (style: string) => require.resolve(`@expo-google-fonts/open-sans/${style}/OpenSans_${style}.ttf`);
    const [regular, bold] = [readFontFace(path("400Regular")), readFontFace(path("700Bold"))];
    loaded = { regular, bold, files: [regular.path, bold.path, path("400Regular_Italic")] };
  }
  return loaded;
}

/** What layout needs of one font file: lengths are in em, 1 = the font size. */
export interface FontFace {
  readonly path: string;
  /** Height above the baseline that a line takes. */
  readonly ascent: number;
  /** Depth below the baseline that a line takes, positive. */
  readonly descent: number;
  /** Length of `text` on one line. A character that the font lacks counts as 1. */
  width(text: string): number;
  /** Whether the font has a glyph for every character of `text`. */
  covers(text: string): boolean;
  /** Index of the glyph of a character; 0 where the font has none. */
  glyphOf(character: string): number;
}

/** Reads a .ttf file. @throws ThawError `BAD_FONT` where it has no Unicode character map. */
export function readFontFace(path: string): FontFace {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = tableOffsets(view);
  const table = (tag: string): number => {
    const offset = tables.get(tag);
    if (offset !== undefined) return offset;
    throw new ThawError("BAD_FONT", `The font ${path} has no "${tag}" table: use a TrueType (.ttf) file.`);
  };
  const unitsPerEm = view.getUint16(table("head") + 18);
  const advances = view.getUint16(table("hhea") + 34);
  const byCodePoint = characterMap(view, table("cmap"), path);
  const glyphOf = (character: string): number => byCodePoint(character.codePointAt(0) ?? 0);
  const advance = (glyph: number): number =>
    view.getUint16(table("hmtx") + 4 * Math.min(glyph, advances - 1)) / unitsPerEm;
  return {
    path,
    ascent: view.getInt16(table("hhea") + 4) / unitsPerEm,
    descent: -view.getInt16(table("hhea") + 6) / unitsPerEm,
    width(text) {
      let sum = 0;
      for (const character of text) {
        const glyph = glyphOf(character);
        sum += glyph === 0 ? 1 : advance(glyph);
      }
      return sum;
    },
    covers: (text) => [...text].every((character) => /\s/.test(character) || glyphOf(character) > 0),
    glyphOf,
  };
}

function tableOffsets(view: DataView): Map<string, number> {
  const offsets = new Map<string, number>();
  for (let i = 0; i < view.getUint16(4); i++) {
    const record = 12 + 16 * i;
    const tag = [0, 1, 2, 3].map((byte) => String.fromCharCode(view.getUint8(record + byte))).join("");
    offsets.set(tag, view.getUint32(record + 8));
  }
  return offsets;
}

/** Code point -> glyph, 0 where there is none. Reads `cmap` format 4, which every font has for the basic plane. */
function characterMap(view: DataView, cmap: number, path: string): (codePoint: number) => number {
  for (let i = 0; i < view.getUint16(cmap + 2); i++) {
    const subtable = cmap + view.getUint32(cmap + 4 + 8 * i + 4);
    if (view.getUint16(subtable) !== 4) continue;
    const twiceSegments = view.getUint16(subtable + 6);
    const [ends, starts] = [subtable + 14, subtable + 16 + twiceSegments];
    const [deltas, ranges] = [starts + twiceSegments, starts + 2 * twiceSegments];
    return (codePoint) => {
      for (let at = 0; at < twiceSegments; at += 2) {
        if (codePoint > view.getUint16(ends + at)) continue;
        const start = view.getUint16(starts + at);
        if (codePoint < start) return 0;
        const delta = view.getUint16(deltas + at);
        const range = view.getUint16(ranges + at);
        if (range === 0) return (codePoint + delta) & 0xffff;
        const glyph = view.getUint16(ranges + at + range + 2 * (codePoint - start));
        return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
      }
      return 0;
    };
  }
  throw new ThawError("BAD_FONT", `The font ${path} has no character map of format 4: use another TrueType file.`);
}
