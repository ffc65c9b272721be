/** Errors as values: the same text that they would have if they had been thrown. */
import { types } from "node:util";
import { isA } from "../../cellRealm.ts";
import type { Recogniser } from "./recogniser.ts";

export const error: Recogniser = (value, notes) =>
  types.isNativeError(value) || isA(value, Error) ? { data: { "text/plain": notes.describe(value) } } : undefined;
