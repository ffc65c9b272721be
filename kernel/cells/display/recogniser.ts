/** The contract of the files beside this one: each knows one kind of value. */
import type { DisplayBundle } from "../../../shared/mimeBundle.ts";

/** How recognisers speak to the person at the notebook. */
export interface Diagnostics {
  /** An error as the kernel shows it: the cell's own lines, no frame of the kernel. */
  describe(error: unknown): string;
  /** A line on the cell's standard error. */
  warn(text: string): undefined;
}

/** Shows a value of its kind; undefined for any other. May throw on strange values: then it is not of that kind. */
export type Recogniser = (
  value: object,
  notes: Diagnostics,
) => DisplayBundle | undefined | Promise<DisplayBundle | undefined>;

/** A method of `value` by that name, bound to it. */
export function boundMethod(value: object, name: symbol | string): ((...given: unknown[]) => unknown) | undefined {
  const found = (value as Record<symbol | string, unknown>)[name];
  return typeof found === "function" ? (...given) => Reflect.apply(found, value, given) as unknown : undefined;
}
