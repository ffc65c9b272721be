/** MIME bundles: what a notebook shows for a value, by the protocol that Deno, tslab's fallback and this project's kernel share. */

/** A value's key for its rich form. Any kernel that knows the symbol shows the bundle; Node prints the text. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display") as never;

/** MIME type -> content: text as a string, images as base64 strings, JSON types as plain data. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** A bundle with the metadata of some of its types, such as the width and height of a picture. */
export interface DisplayBundle {
  /** The content of each MIME type. */
  readonly data: MimeBundle;
  /** The metadata of some MIME types. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A value that shows itself richly in a notebook. The method may be asynchronous; it returns the data part of a bundle. */
export interface Displayable {
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}
