/** The element types of safetensors files, and how those that hold real numbers become float32. */

/** Bytes of one element of each type. Types below a byte are not read: nothing that is fine-tuned is stored in them. */
export const bytesPerElement: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E5M2", 1],
  ["F8_E4M3", 1],
  ["F8_E8M0", 1],
  ["I16", 2],
  ["U16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["I32", 4],
  ["U32", 4],
  ["F32", 4],
  ["C64", 8],
  ["F64", 8],
  ["I64", 8],
  ["U64", 8],
]);

/**
 * Reads little-endian bytes as float32; undefined if the type holds no real numbers. F64 is rounded to the nearest
 * float32.
 */
export function toFloat32(dtype: string, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> | undefined {
  switch (dtype) {
    case "F32":
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    case "F64":
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
    case "BF16":
      return fromBits(bytes, (bits) => bits << 16);
    case "F16":
      return fromBits(bytes, halfToFloatBits);
    default:
      return undefined;
  }
}

function fromBits(bytes: Uint8Array<ArrayBuffer>, widen: (bits: number) => number): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = widen(halves[i] as number);
  return new Float32Array(words.buffer);
}

/**
 * Widens IEEE 754 binary16 bits to binary32 bits, exactly for every value, subnormals, infinities and NaN payloads
 * included.
 */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: shift the leading one up to where binary32 implies it.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
