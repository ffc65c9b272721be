/** A TrueType font with the outlines of a few characters, small enough to stand in a picture. */
import { readFileSync } from "node:fs";
import type { FontFace } from "./fonts.ts";

/** What a browser asks of a font; what positions letters in other scripts is left out. https://learn.microsoft.com/typography/opentype/spec/ */
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

/** The font file, with every glyph's number and width as it was, and the outlines of the characters of `text` alone. */
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

/** The glyphs and those that they are put together of, such as a letter and its accent. */
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

/** A copy that ends on a multiple of four bytes. */
const paddedTo4 = (content: Buffer): Buffer => Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);

function checksum(content: Buffer): number {
  let sum = 0;
  for (let at = 0; at < content.length; at += 4) sum = (sum + content.readUInt32BE(at)) >>> 0;
  return sum;
}
