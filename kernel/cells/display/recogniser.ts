/** The contract of recognisers: each knows one kind of value and how it is shown. */
import { types } from "node:util";
import type { DisplayBundle } from "../../../shared/mimeBundle.ts";
import { fromCellPromise } from "../realm/cellRealm.ts";

/** The ways in which recognisers report problems to the person at the notebook. */
export interface Diagnostics {
  /** Describes an error as the kernel shows it: the cell's own lines, no frame of the kernel. */
  describe(error: unknown): string;
  /** Prints a line on the cell's standard error. */
  warn(text: string): undefined;
}

/**
 * Returns the bundle of a value of its kind, undefined for any other. It may throw on strange values: then the value is
 * not of that kind.
 */
export type Recogniser = (
  value: object,
  diagnostics: Diagnostics,
) => DisplayBundle | undefined | Promise<DisplayBundle | undefined>;

/** Returns the method of `value` by that name, bound to it; undefined where there is none. */
export function boundMethod(value: object, name: symbol | string): ((...given: unknown[]) => unknown) | undefined {
  const found = (value as Record<symbol | string, unknown>)[name];
  return typeof found === "function" ? (...given) => Reflect.apply(found, value, given) as unknown : undefined;
}

/** Passes `value` to `read`, at once or, where it is a promise, when it is fulfilled. */
export function whenFulfilled<Read>(value: unknown, read: (value: unknown) => Read): Read | Promise<Read> {
  return types.isPromise(value) ? fromCellPromise(value).then(read) : read(value);
}
