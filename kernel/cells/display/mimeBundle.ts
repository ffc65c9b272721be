/**
 * Where a rich display is decided: a value becomes a MIME bundle by the first recogniser that knows its kind. The text
 * that Node would print is always in it.
 */
import { inspect, types } from "node:util";
import { type DisplayBundle, displaySymbol } from "../../../shared/mimeBundle.ts";
import { KernelInterrupt, tryOr } from "../interrupt/kernelInterrupt.ts";
import { fromCellPromise, isA } from "../realm/cellRealm.ts";
import { plotly, vega } from "./charts.ts";
import { isData, sendableData } from "./mimeData.ts";
import { canvas, element, imageBytes } from "./pictures.ts";
import { plainText } from "./plainText.ts";
import { boundMethod, type Diagnostics, type Recogniser } from "./recogniser.ts";
import { dataFrame, map, records } from "./tables.ts";
import { tensor } from "./tensors.ts";
import { typedArray } from "./typedArrays.ts";

/**
 * Calls the value's own display method. A method `toBundle()` beside it gives metadata too, such as the width of a
 * picture drawn at twice its size. Where a method fails, the failure is reported and the value is shown without it.
 */
export const displayMethod: Recogniser = (value, notes) => {
  const rich = boundMethod(value, displaySymbol);
  if (rich === undefined) return undefined;
  const whole = boundMethod(value, "toBundle");
  const read = (given: unknown): DisplayBundle | undefined =>
    whole === undefined ? toBundle({ data: given }, notes) : toBundle(given, notes);
  const failed = (error: unknown): undefined => notes.warn(`A value's rich form failed: ${notes.describe(error)}`);
  return tryOr<DisplayBundle | undefined | Promise<DisplayBundle | undefined>>(() => {
    const form = whole === undefined ? rich() : whole();
    return types.isPromise(form) ? fromCellPromise(form).then(read).catch(failed) : read(form);
  }, failed);
};

function toBundle(given: unknown, notes: Diagnostics): DisplayBundle | undefined {
  const { data, metadata } = (given ?? {}) as { data?: unknown; metadata?: DisplayBundle["metadata"] };
  if (isData(data)) return typeof metadata === "object" && metadata !== null ? { data, metadata } : { data };
  if (data !== undefined && data !== null) {
    notes.warn(
      `A value's rich form is no bundle of MIME types: got ${inspect(data, { depth: 0, maxStringLength: 100 })}, ` +
        `expected an object such as { "text/html": "<b>hi</b>" }.`,
    );
  }
  return undefined;
}

export const error: Recogniser = (value, notes) =>
  types.isNativeError(value) || isA(value, Error) ? { data: { "text/plain": notes.describe(value) } } : undefined;

/**
 * Turns a value into a MIME bundle, at once where that is possible, so that what is shown and what is printed stay in
 * order.
 */
export type ToBundle = (value: unknown) => DisplayBundle | Promise<DisplayBundle>;

/**
 * All recognisers in the order in which they are asked: the value's own method, then kinds that are certain, then kinds
 * that are guessed from properties.
 */
const recognisers: readonly Recogniser[] = [
  displayMethod,
  error,
  imageBytes,
  typedArray,
  map,
  records,
  tensor,
  vega,
  plotly,
  canvas,
  element,
  dataFrame,
];

/** The bundle that shows nothing, as a cell that ends with `undefined`. */
const nothing: DisplayBundle = { data: {} };

/**
 * Creates the function; `diagnostics` hears of display methods that fail. Only interrupts and rejected promises throw.
 */
export function createToBundle(notes: Diagnostics): ToBundle {
  const toBundle: ToBundle = (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return textOf(value);
    if (types.isPromise(value)) {
      return fromCellPromise(value).then((came) => (came === undefined ? nothing : toBundle(came)));
    }
    for (const recognise of recognisers) {
      const found = tryOn(value, recognise);
      if (types.isPromise(found)) return found.catch(() => undefined).then((bundle) => complete(bundle, value));
      if (found !== undefined) return complete(found, value);
    }
    return textOf(value);
  };

  /** Asks one recogniser. A value that throws while it is looked at is not of that recogniser's kind. */
  function tryOn(value: object, recognise: Recogniser): ReturnType<Recogniser> {
    try {
      return recognise(value, notes);
    } catch (reason) {
      if (KernelInterrupt.is(reason)) throw reason;
      return undefined;
    }
  }

  function complete(bundle: DisplayBundle | undefined, value: unknown): DisplayBundle {
    if (bundle === undefined) return textOf(value);
    const refuse = (type: string, reason: unknown): void =>
      notes.warn(`The ${type} form of a value cannot be sent: ${notes.describe(reason)}`);
    const data = sendableData(bundle.data, refuse);
    const isNothing = Object.keys(bundle.data).length === 0;
    if (!isNothing) data["text/plain"] ??= plainText(value);
    return { data, metadata: sendableData(bundle.metadata ?? {}, refuse, true) };
  }

  return toBundle;
}

function textOf(value: unknown): DisplayBundle {
  return { data: { "text/plain": plainText(value) } };
}
