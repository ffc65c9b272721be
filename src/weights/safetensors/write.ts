/** Writes safetensors files, byte for byte as the reference writer does. */

import { ThawError } from "../../errors.ts";
import { writeFileAtomic } from "../../platform/atomicFile.ts";
import { elementsOf } from "../../tensor/shape.ts";

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * The elements in row-major order, as many as the shape says. A getter is asked twice, and no two tensors need be in
   * memory at once.
   */
  readonly data: Float32Array;
}

/**
 * Writes float32 tensors to a file that is either written whole or left as it was.
 * `metadata` defaults to what `transformers` writes. Errors: `BAD_TENSOR`, `WRITE_FAILED`.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFileAtomic(path, safetensorsContent(tensors, metadata));
}

/** Makes the content of a safetensors file, piece by piece. Throws `BAD_TENSOR` at once. */
export function safetensorsContent(
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Iterable<Uint8Array> {
  const sorted = [...tensors].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const header = headerOf(sorted, metadata);
  return (function* () {
    yield header;
    for (const tensor of sorted) {
      const { data } = tensor;
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
  })();
}

function headerOf(sorted: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let offset = 0;
  let previous: string | undefined;
  for (const tensor of sorted) {
    const { name, shape } = tensor;
    const { length, byteLength } = tensor.data;
    checkTensor(name, shape, length, previous);
    const end = offset + byteLength;
    // Built as text, since an object would lose a tensor called "__proto__" and reorder one called "1".
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: "F32", shape, data_offsets: [offset, end] })}`);
    offset = end;
    previous = name;
  }
  const json = Buffer.from(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, " ");
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  return header;
}

function checkTensor(name: string, shape: readonly number[], length: number, previous: string | undefined): void {
  const fail = (what: string): never => {
    throw new ThawError("BAD_TENSOR", `Cannot save tensor ${JSON.stringify(name)}: ${what}.`);
  };
  if (name === "__metadata__") fail("the name is reserved by the file format, use another");
  if (/\p{Surrogate}/u.test(name)) fail("the name has half of a surrogate pair, use well-formed text");
  if (name === previous) fail("there are two of this name, give each its own");
  const elements = elementsOf(shape);
  if (!shape.every((size) => Number.isInteger(size) && size >= 0) || elements !== length) {
    fail(`its shape [${shape.join(", ")}] does not fit its ${length} numbers`);
  }
}
