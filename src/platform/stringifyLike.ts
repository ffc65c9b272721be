/** JSON whose numbers are written as they stood in the file that it comes from. */
import { isLosslessNumber, parse, stringify } from "lossless-json";

/**
 * `value` as indented JSON. A number that is still the one at its place in `text` is written as there: in JavaScript 2.0
 * is 2, which transformers refuses for a key that it declares as a float.
 */
export function stringifyLike(value: unknown, text: string | undefined): string {
  return stringify(
    text === undefined ? value : withWritten(value, parse(text, null, { onDuplicateKey: ({ newValue }) => newValue })),
    undefined,
    2,
  ) as string;
}

function withWritten(value: unknown, written: unknown): unknown {
  if (typeof value === "number") return isLosslessNumber(written) && Number(written.value) === value ? written : value;
  if (!isContainer(value) || !isContainer(written)) return value;
  if (Array.isArray(value)) return value.map((item, i) => withWritten(item, written[i]));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withWritten(item, written[key])]));
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
