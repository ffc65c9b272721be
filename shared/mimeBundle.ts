/** MIME bundles: what a notebook shows for a value, by the protocol that Deno, tslab's fallback and this project's kernel share. */

/** The key of a value's method that returns its rich form. Any kernel that knows the symbol shows the bundle; Node prints the text. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display") as never;

/** MIME type -> content: text as a string, images as base64 strings, JSON types as plain data. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** A MIME bundle with the metadata of some of its types, such as the width and height of a picture. */
export interface DisplayBundle {
  /** The content of each MIME type. */
  readonly data: MimeBundle;
  /** The metadata of some MIME types. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Options for showing a bundle: the name that later updates refer to, or whether it is such an update. */
export interface DisplayOptions {
  /** Name of this display; an update with the same name replaces it, also after the cell has ended. */
  readonly displayId?: string;
  /** Replace the display called `displayId` instead of adding one. Default: false. */
  readonly update?: boolean;
}

/** The key of a value's method that returns the text Node prints for it (`util.inspect.custom`). */
export const inspectSymbol: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
