/**
 * The font of every picture: it is loaded from this package's own dependency, so that a figure looks the same on every
 * machine, measured for the layout, and cut down to the letters that an SVG uses.
 * Format: https://learn.microsoft.com/typography/opentype/spec/
 */
import { ThawError } from "../../errors.ts";
import { readFileSync } from "../../platform/files.ts";
import { resolvePackage } from "../../platform/packages.ts";

/** CSS font family of every text in a figure. Live plots fall back to a font that the reader's browser has. */
export const fontFamily = "Open Sans, Segoe UI, Noto Sans, Arial, Helvetica, sans-serif";

interface Fonts {
  readonly regular: FontFace;
  readonly bold: FontFace;
  /** Paths of all font files, which the rasterizer reads itself. */
  readonly files: readonly string[];
}

let loaded: Fonts | undefined;

/** The fonts are read at first use (about 130 kB each). */
export function fonts(): Fonts {
  if (loaded === undefined) {
    const path = (style: string) => resolvePackage(`@expo-google-fonts/open-sans/${style}/OpenSans_${style}.ttf`);
    const [regular, bold] = [readFontFace(path("400Regular")), readFontFace(path("700Bold"))];
    loaded = { regular, bold, files: [regular.path, bold.path, path("400Regular_Italic")] };
  }
  return loaded;
}

/** The measures of one font file that layout needs. Lengths are in em: 1 is the font size. */
export interface FontFace {
  readonly path: string;
  /** Height that a line takes above the baseline. */
  readonly ascent: number;
  /** Depth that a line takes below the baseline; positive. */
  readonly descent: number;
  /** Measures `text` on one line. A character that the font lacks counts as 1. */
  width(text: string): number;
  /** Says whether the font has a glyph for every character of `text`. */
  covers(text: string): boolean;
  /** Gives the index of a character's glyph; 0 where the font has none. */
  glyphOf(character: string): number;
}

/** Reads a .ttf file. Errors: `BAD_FONT` where it is no TrueType font, or has no Unicode character map. */
function readFontFace(path: string): FontFace {
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

/**
 * Maps a code point to its glyph, 0 where there is none. It reads `cmap` format 4, which every font has for the basic
 * plane.
 */
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

/** Tables that a browser asks for. Those that position letters of other scripts are left out. */
const keptTables = [
  "OS/2",
  "cmap",
  "cvt ",
  "fpgm",
  "glyf",
  "head",
  "hhea",
  "hmtx",
  "loca",
  "maxp",
  "name",
  "post",
  "prep",
];

/** Makes a font file with the outlines of the characters of `text` alone; all glyphs keep their numbers and widths. */
export function subsetFont(face: FontFace, text: string): Buffer {
  const file = readFileSync(face.path);
  const tables = tablesOf(file);
  const head = Buffer.from(tables.get("head") as Buffer);
  const [glyf, loca] = [tables.get("glyf") as Buffer, tables.get("loca") as Buffer];
  const isLong = head.readUInt16BE(50) === 1;
  const count = (tables.get("maxp") as Buffer).readUInt16BE(4);
  const offset = (glyph: number) => (isLong ? loca.readUInt32BE(4 * glyph) : 2 * loca.readUInt16BE(2 * glyph));
  const outline = (glyph: number) => glyf.subarray(offset(glyph), offset(glyph + 1));
  const kept = withComponents([0, ...[...new Set(text)].map(face.glyphOf)], outline);
  const places = Buffer.alloc(4 * (count + 1));
  const outlines: Buffer[] = [];
  let end = 0;
  for (let glyph = 0; glyph < count; glyph++) {
    places.writeUInt32BE(end, 4 * glyph);
    if (!kept.has(glyph)) continue;
    const padded = paddedTo4(outline(glyph));
    outlines.push(padded);
    end += padded.length;
  }
  places.writeUInt32BE(end, 4 * count);
  head.writeUInt16BE(1, 50);
  const post = Buffer.concat([Buffer.from([0, 3, 0, 0]), (tables.get("post") as Buffer).subarray(4, 32)]); // no names of glyphs
  const changed = new Map([
    ...tables,
    ["head", head],
    ["glyf", Buffer.concat(outlines)],
    ["loca", places],
    ["post", post],
  ]);
  return fontFile(
    file.subarray(0, 4),
    keptTables.flatMap((tag) => (changed.has(tag) ? [[tag, changed.get(tag) as Buffer] as const] : [])),
  );
}

function tablesOf(file: Buffer): Map<string, Buffer> {
  const tables = new Map<string, Buffer>();
  for (let i = 0; i < file.readUInt16BE(4); i++) {
    const record = 12 + 16 * i;
    const start = file.readUInt32BE(record + 8);
    const tag = file.toString("latin1", record, record + 4);
    tables.set(tag, file.subarray(start, start + file.readUInt32BE(record + 12)));
  }
  return tables;
}

/** Adds to the glyphs those that they are composed of, such as a letter and its accent. */
function withComponents(glyphs: readonly number[], outline: (glyph: number) => Buffer): Set<number> {
  const found = new Set<number>();
  const waiting = [...glyphs];
  for (let glyph = waiting.pop(); glyph !== undefined; glyph = waiting.pop()) {
    if (found.has(glyph)) continue;
    found.add(glyph);
    const data = outline(glyph);
    if (data.length === 0 || data.readInt16BE(0) >= 0) continue;
    for (let at = 10, more = true; more; ) {
      const flags = data.readUInt16BE(at);
      waiting.push(data.readUInt16BE(at + 2));
      at += 4 + (flags & 1 ? 4 : 2) + (flags & 8 ? 2 : flags & 0x40 ? 4 : flags & 0x80 ? 8 : 0);
      more = (flags & 0x20) !== 0;
    }
  }
  return found;
}

function fontFile(version: Buffer, tables: readonly (readonly [tag: string, content: Buffer])[]): Buffer {
  const directory = Buffer.alloc(12 + 16 * tables.length);
  version.copy(directory);
  const power = Math.floor(Math.log2(tables.length));
  [tables.length, 16 * 2 ** power, power, 16 * (tables.length - 2 ** power)].forEach((value, i) => {
    directory.writeUInt16BE(value, 4 + 2 * i);
  });
  let start = directory.length;
  const contents = tables.map(([tag, content], i) => {
    const record = 12 + 16 * i;
    const padded = paddedTo4(content);
    if (tag === "head") padded.writeUInt32BE(0, 8); // its own checksum is set last
    directory.write(tag, record, "latin1");
    directory.writeUInt32BE(checksum(padded), record + 4);
    directory.writeUInt32BE(start, record + 8);
    directory.writeUInt32BE(content.length, record + 12);
    start += padded.length;
    return padded;
  });
  const file = Buffer.concat([directory, ...contents]);
  const headStart = directory.readUInt32BE(12 + 16 * tables.findIndex(([tag]) => tag === "head") + 8);
  file.writeUInt32BE((0xb1b0afba - checksum(file)) >>> 0, headStart + 8);
  return file;
}

/** Copies a table and fills it with zeros to a multiple of four bytes. */
const paddedTo4 = (content: Buffer): Buffer => Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);

function checksum(content: Buffer): number {
  let sum = 0;
  for (let at = 0; at < content.length; at += 4) sum = (sum + content.readUInt32BE(at)) >>> 0;
  return sum;
}
