/** A value as a MIME bundle: its own rich form if it has one, else the text Node would print. */
import { inspect, types } from "node:util";

/** MIME type -> content, and metadata of some of the types. The shape that libraries give to the host's `display`. */
export interface Bundle {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The protocol shared with Deno: a method, maybe asynchronous, that returns the data of a bundle. */
const displaySymbol = Symbol.for("Jupyter.display");

/**
 * At once where the rich form is at once, so that what is shown and what is printed stay in order. A value that has the
 * rich form and a method `toBundle()` beside it gives metadata too, such as the width of a picture drawn at twice its size.
 */
export function toBundle(value: unknown): Bundle | Promise<Bundle> {
  const rich = method(value, displaySymbol);
  const whole = rich && method(value, "toBundle");
  if (whole !== undefined) return whole.call(value) as Bundle | Promise<Bundle>;
  const data = rich?.call(value);
  return types.isPromise(data) ? data.then((settled) => bundle(settled, value)) : bundle(data, value);
}

function bundle(data: unknown, value: unknown): Bundle {
  const isData = typeof data === "object" && data !== null;
  return { data: isData ? (data as Bundle["data"]) : { "text/plain": plainText(value) } };
}

export function plainText(value: unknown): string {
  return inspect(value, { breakLength: 100 });
}

function method(value: unknown, name: symbol | string): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const found = (value as Record<symbol | string, unknown>)[name];
  return typeof found === "function" ? (found as () => unknown) : undefined;
}
