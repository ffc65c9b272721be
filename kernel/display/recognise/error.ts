/** Errors as values: the same text that they would have if they had been thrown. */
import { types } from "node:util";
import { plainText } from "../plainText.ts";
import type { Recogniser } from "./recogniser.ts";

export const error: Recogniser = (value, notes) => {
  if (!types.isNativeError(value) && !(value instanceof Error)) return undefined;
  const own = Object.fromEntries(
    Object.entries(value).filter(([key]) => !["cause", "errors", "stack", "message", "name"].includes(key)),
  );
  const more = Object.keys(own).length === 0 ? "" : `\n${plainText(own)}`;
  return { data: { "text/plain": `${notes.describe(value)}${more}` } };
};
