/** The frame of a PNG file: signature, header, chunks with their checksums. https://www.w3.org/TR/png-3/ */
import zlib from "node:zlib"; // by name, an older Node.js would fail at it before it can say that it is too old

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** 8 bits each: an index into the palette, or four channels. */
  readonly colorType: "palette" | "rgba";
}

/** `chunks`: name and content of what stands between the header and the end. */
export function pngFile(
  { width, height, colorType }: PngHeader,
  chunks: readonly (readonly [string, Uint8Array])[],
): Buffer {
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
  framed.writeUInt32BE(zlib.crc32(body), body.length + 4);
  return framed;
}
