/** Values that say themselves how they are shown, by the protocol shared with Deno. */
import { inspect, types } from "node:util";
import { settled } from "../../cellRealm.ts";
import { attempt } from "../attempt.ts";
import { type Bundle, isData } from "../bundle.ts";
import { method, type Notes, type Recogniser } from "./recogniser.ts";

/** A method, maybe asynchronous, that returns the data of a bundle. */
const displaySymbol = Symbol.for("Jupyter.display");

/**
 * A value that has the rich form and a method `toBundle()` beside it gives metadata too, such as the width of a picture
 * drawn at twice its size. A form that fails is told, and the value shown without it.
 */
export const ownForm: Recogniser = (value, notes) => {
  const rich = method(value, displaySymbol);
  if (rich === undefined) return undefined;
  const whole = method(value, "toBundle");
  const read = (given: unknown): Bundle | undefined =>
    whole === undefined ? toBundle({ data: given }, notes) : toBundle(given, notes);
  const failed = (error: unknown): undefined => notes.warn(`A value's rich form failed: ${notes.describe(error)}`);
  return attempt<Bundle | undefined | Promise<Bundle | undefined>>(() => {
    const form = whole === undefined ? rich() : whole();
    return types.isPromise(form) ? settled(form).then(read).catch(failed) : read(form);
  }, failed);
};

function toBundle(given: unknown, notes: Notes): Bundle | undefined {
  const { data, metadata } = (given ?? {}) as { data?: unknown; metadata?: Bundle["metadata"] };
  if (isData(data)) return typeof metadata === "object" && metadata !== null ? { data, metadata } : { data };
  if (data !== undefined && data !== null) {
    notes.warn(
      `A value's rich form is no bundle of MIME types: got ${inspect(data, { depth: 0, maxStringLength: 100 })}, ` +
        `expected an object such as { "text/html": "<b>hi</b>" }.`,
    );
  }
  return undefined;
}
