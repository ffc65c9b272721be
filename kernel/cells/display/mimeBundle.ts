/**
 * Chooses the rich display of a value: a value becomes a MIME bundle by the first recogniser that knows its kind. The
 * text that Node would print is always in it.
 */
import { inspect, types } from "node:util";
import { type DisplayBundle, displaySymbol } from "../../../shared/mimeBundle.ts";
import { KernelInterrupt, tryOr } from "../interrupt/kernelInterrupt.ts";
import { fromCellPromise, isA } from "../realm/cellRealm.ts";
import { plotly, vega } from "./charts.ts";
import { isData, sendableData } from "./mimeData.ts";
import { canvas, element, imageBytes } from "./pictures.ts";
import { plainText } from "./plainText.ts";
import { boundMethod, type Diagnostics, type Recogniser, whenFulfilled } from "./recogniser.ts";
import { dataFrame, map, records } from "./tables.ts";
import { tensor } from "./tensors.ts";
import { typedArray } from "./typedArrays.ts";

/**
 * Calls the value's own display method. A method `toBundle()` beside it gives metadata too, such as the width of a
 * picture drawn at twice its size. Where a method fails, the failure is reported and the value is shown without it.
 */
const displayMethod: Recogniser = (value, diagnostics) => {
  const rich = boundMethod(value, displaySymbol);
  if (rich === undefined) return undefined;
  const whole = boundMethod(value, "toBundle");
  const read = (form: unknown): DisplayBundle | undefined =>
    bundleOf(whole === undefined ? { data: form } : form, diagnostics);
  const failed = (error: unknown): undefined =>
    diagnostics.warn(`A value's rich form failed: ${diagnostics.describe(error)}`);
  return tryOr<DisplayBundle | undefined | Promise<DisplayBundle | undefined>>(() => {
    const bundle = whenFulfilled(whole === undefined ? rich() : whole(), read);
    return types.isPromise(bundle) ? bundle.catch(failed) : bundle;
  }, failed);
};

function bundleOf(form: unknown, diagnostics: Diagnostics): DisplayBundle | undefined {
  const { data, metadata } = (form ?? {}) as { data?: unknown; metadata?: DisplayBundle["metadata"] };
  if (isData(data)) return typeof metadata === "object" && metadata !== null ? { data, metadata } : { data };
  if (data !== undefined && data !== null) {
    diagnostics.warn(
      `A value's rich form is no bundle of MIME types: got ${inspect(data, { depth: 0, maxStringLength: 100 })}, ` +
        `expected an object such as { "text/html": "<b>hi</b>" }.`,
    );
  }
  return undefined;
}

/** Errors as values: they have the same text as if they had been thrown. */
const error: Recogniser = (value, diagnostics) =>
  types.isNativeError(value) || isA(value, Error) ? { data: { "text/plain": diagnostics.describe(value) } } : undefined;

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
export function createToBundle(diagnostics: Diagnostics): ToBundle {
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
      return recognise(value, diagnostics);
    } catch (reason) {
      if (KernelInterrupt.is(reason)) throw reason;
      return undefined;
    }
  }

  function complete(bundle: DisplayBundle | undefined, value: unknown): DisplayBundle {
    if (bundle === undefined) return textOf(value);
    const refuse = (type: string, reason: unknown): void =>
      diagnostics.warn(`The ${type} form of a value cannot be sent: ${diagnostics.describe(reason)}`);
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
