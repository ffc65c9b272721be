/** What stands in a cell of a table. */
import { types } from "node:util";
import { plainText, shortText } from "./plainText.ts";
import { printable } from "./printable.ts";

const maxCharacters = 80;

/** Strings without quotes; nothing for what is not there; numbers rounded for reading; other values as Node prints them, on one short line. */
export function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return printable(value, maxCharacters);
  if (typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)) return decimal(value);
  if (types.isDate(value)) return plainText(value);
  return printable(typeof value === "object" && value !== null ? shortText(value) : plainText(value), maxCharacters);
}

/** Six digits after the point, or six digits of a small number; no zeros at the end. */
function decimal(value: number): string {
  return String(Number(Math.abs(value) < 1 ? value.toPrecision(6) : value.toFixed(6)));
}

/** The value of a property as it is kept: what is computed when it is asked for is not asked for. */
export function fieldText(row: object, key: string): string {
  const property = Object.getOwnPropertyDescriptor(row, key);
  return property !== undefined && property.get !== undefined ? "[Getter]" : cellText(property?.value);
}

export function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint";
}
