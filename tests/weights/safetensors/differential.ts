/** Compares this reader with the reference on one file: it may refuse more, for reasons that are listed, and never less. */
import { type Header, readHeader } from "../../../src/weights/safetensors/header.ts";

const { mutant } = (await import(new URL("./mutants.mjs", import.meta.url).href)) as {
  mutant(seed: number): Buffer;
};

export { mutant };

/**
 * What is refused on purpose though the reference takes it: a name twice (it keeps the last), element types below a
 * byte or written as an object (`{"F32":null}`), and numbers that JavaScript would round.
 */
const onPurpose = [
  /appears twice at character/,
  /its dtype "(F4|F6_E2M3|F6_E3M2)" is none of/,
  /it has no dtype$/,
  /is above 2\^53 at character/,
  /has more than 2\^53 elements/,
];

export interface Verdict {
  readonly accepted: boolean;
  readonly reason: string;
}

export function judge(file: Buffer): Verdict {
  const read = (position: number, length: number) => Uint8Array.from(file.subarray(position, position + length));
  try {
    checkRanges(readHeader(file.length, read), file.length);
    return { accepted: true, reason: "" };
  } catch (error) {
    return { accepted: false, reason: (error as Error).message };
  }
}

/** A header that was accepted leads to no byte outside the file. */
function checkRanges({ header, dataStart }: { header: Header; dataStart: number }, fileBytes: number): void {
  for (const { begin, end } of header.tensors.values()) {
    if (begin < 0 || end < begin || dataStart + end > fileBytes) throw new RangeError("a tensor outside the file");
  }
}

/** `"same"`, `"stricter"`, or what is wrong. */
export function compare(reference: boolean, { accepted, reason }: Verdict): string {
  if (accepted === reference) return /outside the file/.test(reason) ? reason : "same";
  if (accepted) return "accepted what the reference refuses";
  return onPurpose.some((pattern) => pattern.test(reason))
    ? "stricter"
    : `refused, though the reference accepts: ${reason}`;
}
