/**
 * Reads options: a name that does not exist is refused with the one that was meant, never ignored; sizes are read as
 * people write them.
 */
import { closest } from "../shared/closest.ts";
import { type LibraryErrorCode, ThawError } from "./errors.ts";

/** One entry for every option of an interface, so that the compiler finds one that is missing. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** How options are checked. */
interface OptionCheck {
  /** Code of the error. Default: `"BAD_ARGUMENT"`. */
  readonly code?: LibraryErrorCode;
  /** Says what an option belongs to: `"training argument"`, `"option of split"`. */
  readonly kind: string;
  /**
   * Names that other libraries use, mostly Hugging Face's, with what to write here instead:
   * `{ bf16: 'precision: "bfloat16"' }`. Names in snake_case are found as well.
   */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * Checks that `options` is an object all of whose names are in `known`. Throws `code` with the option that was probably
 * meant, or with the list of all where none is near.
 */
export function refuseUnknown(options: object, known: object, check: OptionCheck): void {
  const { code = "BAD_ARGUMENT", kind, elsewhere = {} } = check;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const [example] = Object.keys(known);
    const such = example === undefined ? "" : ` such as { ${example}: ... }`;
    throw new ThawError(code, `Each ${kind} is given by name, in an object${such}; found ${describe(options)}.`);
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    throw new ThawError(code, `There is no ${kind} "${name}". ${adviceFor(name, Object.keys(known), elsewhere)}`);
  }
}

/** Says what to write instead of a name that does not exist. */
function adviceFor(name: string, known: readonly string[], elsewhere: Readonly<Record<string, string>>): string {
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  const same = known.find((each) => plain(each) === plain(name)); // num_labels, as Python has it
  if (same !== undefined) return `Write ${same}.`;
  const translated = Object.entries(elsewhere).find(([other]) => plain(other) === plain(name));
  if (translated !== undefined) return `Here it is ${translated[1]}.`;
  const near = closest(name, known);
  if (near !== undefined) return `Did you mean ${near}?`;
  if (known.length === 0) return "There is none at all: leave it out.";
  return `Known are: ${known.join(", ")}.`;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" || typeof value === "function"
    ? `a ${typeof value}`
    : typeof value === "string"
      ? JSON.stringify(value)
      : String(value);
}

/** A number of megabytes, or "512MB", "1.5 GB". 1 MB = 1,000,000 bytes. */
export type MemorySize = number | string;

const units = { mb: 1e6, gb: 1e9 } as const;

/** Returns an amount of memory in bytes; undefined where it is none. */
export function bytesOf(size: MemorySize): number | undefined {
  if (typeof size === "number") return Number.isFinite(size) && size >= 0 ? size * units.mb : undefined;
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(mb|gb)\s*$/i.exec(String(size)) ?? [];
  return amount === undefined ? undefined : Number(amount) * units[unit?.toLowerCase() as keyof typeof units];
}
