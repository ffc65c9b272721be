/** A value as a MIME bundle: by the first recogniser that knows its kind; the text Node would print is always there. */
import { types } from "node:util";
import { settled } from "../cellRealm.ts";
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";
import type { Bundle } from "./bundle.ts";
import { sendable } from "./contents.ts";
import { plainText } from "./plainText.ts";
import { canvas } from "./recognise/canvas.ts";
import { dataFrame } from "./recognise/dataFrame.ts";
import { element } from "./recognise/element.ts";
import { error } from "./recognise/error.ts";
import { imageBytes } from "./recognise/imageBytes.ts";
import { map } from "./recognise/map.ts";
import { ownForm } from "./recognise/ownForm.ts";
import { plotly } from "./recognise/plotly.ts";
import type { Notes, Recogniser } from "./recognise/recogniser.ts";
import { records } from "./recognise/records.ts";
import { tensor } from "./recognise/tensor.ts";
import { typedArray } from "./recognise/typedArray.ts";
import { vega } from "./recognise/vega.ts";

/** At once where that is possible, so that what is shown and what is printed stay in order. */
export type ToBundle = (value: unknown) => Bundle | Promise<Bundle>;

/** What a value says of itself comes first; then from kinds that are certain to kinds that are told by their looks. */
const recognisers: readonly Recogniser[] = [
  ownForm,
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

/** Shows nothing, as a cell that ends with `undefined`. */
const nothing: Bundle = { data: {} };

/** `notes` hears of rich forms that fail; the value is then shown as if it had none. Only interrupts and rejected promises throw. */
export function createToBundle(notes: Notes): ToBundle {
  const toBundle: ToBundle = (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return textOf(value);
    if (types.isPromise(value)) {
      return settled(value).then((came) => (came === undefined ? nothing : toBundle(came)));
    }
    for (const recognise of recognisers) {
      const found = tryOn(value, recognise);
      if (types.isPromise(found)) return found.catch(() => undefined).then((bundle) => complete(bundle, value));
      if (found !== undefined) return complete(found, value);
    }
    return textOf(value);
  };

  /** A value that throws while it is looked at is not of the kind it was looked at for. */
  function tryOn(value: object, recognise: Recogniser): ReturnType<Recogniser> {
    try {
      return recognise(value, notes);
    } catch (reason) {
      if (KernelInterrupt.is(reason)) throw reason;
      return undefined;
    }
  }

  function complete(bundle: Bundle | undefined, value: unknown): Bundle {
    if (bundle === undefined) return textOf(value);
    const refuse = (type: string, reason: unknown): void =>
      notes.warn(`The ${type} form of a value cannot be sent: ${notes.describe(reason)}`);
    const data = sendable(bundle.data, refuse);
    const isNothing = Object.keys(bundle.data).length === 0;
    if (!isNothing) data["text/plain"] ??= plainText(value);
    return { data, metadata: sendable(bundle.metadata ?? {}, refuse, true) };
  }

  return toBundle;
}

function textOf(value: unknown): Bundle {
  return { data: { "text/plain": plainText(value) } };
}
