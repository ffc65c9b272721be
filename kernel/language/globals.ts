/** What every cell finds in place, for the language service. */

export const globalsText = `
/** How something is shown: a name for later updates, whether this is such an update. */
interface ThawDisplayOptions {
  /** Replaced by later displays of the same id. */
  readonly display_id?: string;
  readonly update?: boolean;
  readonly raw?: boolean;
}

/**
 * Shows a value in the cell's output: figures, tables, images and everything that carries
 * \`[Symbol.for("Jupyter.display")]\` in their rich form, other values as text.
 */
declare function display(value: unknown, options?: any): any;

/** Empties the cell's output; with \`wait\` only when the next output comes. */
declare function clearOutput(options?: { readonly wait?: boolean }): void;
`;
