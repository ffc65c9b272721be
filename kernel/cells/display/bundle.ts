/** What a frontend is given to show: the same thing in several MIME types, of which it takes the richest it knows. */

/** MIME type -> content, and metadata of some of the types. The shape that libraries give to the host's `display`. */
export interface Bundle {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** How a bundle is shown: under a name that later updates refer to, or as such an update. */
export interface DisplayOptions {
  readonly displayId?: string;
  /** Replace the display called `displayId` instead of adding one. Default: false. */
  readonly update?: boolean;
}

/** `{ data, metadata? }` with MIME types in `data`, as someone writes it who wants to show exactly that. */
export function isBundle(value: unknown): value is Bundle {
  if (typeof value !== "object" || value === null) return false;
  const { data } = value as { data?: unknown };
  if (!isData(data) || Object.keys(data).length === 0) return false;
  return Object.keys(value).every((key) => key === "data" || key === "metadata");
}

/** An object that has nothing but MIME types for keys; the empty one is data that shows nothing. */
export function isData(value: unknown): value is Bundle["data"] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((type) => /^[\w.+-]+\/[\w.+-]/.test(type));
}
