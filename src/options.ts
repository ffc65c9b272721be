/** The names of options: one that nobody knows is refused, never ignored. */
import { ThawError } from "./errors.ts";

/** A name for each option of an interface, so that none can be forgotten. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** Throws `code` where a name is not among the known; `kind` is what they are: "training argument". */
export function refuseUnknown(options: object, known: object, code: string, kind: string): void {
  const names = Object.keys(known);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();
  const meant = names.find((name) => plain(name) === plain(unknown)); // num_labels, as Python has it
  const advice = meant === undefined ? `Known are: ${names.join(", ")}.` : `Write ${meant}.`;
  throw new ThawError(code, `There is no ${kind} "${unknown}". ${advice}`);
}
