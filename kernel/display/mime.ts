/** A value as a MIME bundle: its own rich form if it has one, else the text Node would print. */
import { inspect } from "node:util";

/** MIME type -> content, and metadata of some of the types. The shape that libraries give to the host's `display`. */
export interface Bundle {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The protocol shared with Deno: a method, maybe asynchronous, that returns the data of a bundle. */
const displaySymbol = Symbol.for("Jupyter.display");

export async function toBundle(value: unknown): Promise<Bundle> {
  const rich = richForm(value);
  const data: unknown = rich === undefined ? undefined : await rich.call(value);
  if (typeof data === "object" && data !== null) return { data: data as Bundle["data"] };
  return { data: { "text/plain": plainText(value) } };
}

export function plainText(value: unknown): string {
  return inspect(value, { breakLength: 100 });
}

function richForm(value: unknown): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = (value as Record<symbol, unknown>)[displaySymbol];
  return typeof method === "function" ? (method as () => unknown) : undefined;
}
