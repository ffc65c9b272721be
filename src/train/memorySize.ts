/** Amounts of memory as a person writes them. */

/** A number of megabytes, or "512MB", "1.5 GB". 1 MB = 1,000,000 bytes. */
export type MemorySize = number | string;

const units = { mb: 1e6, gb: 1e9 } as const;

/** In bytes; undefined where it is no amount of memory. */
export function bytesOf(size: MemorySize): number | undefined {
  if (typeof size === "number") return Number.isFinite(size) && size >= 0 ? size * units.mb : undefined;
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(mb|gb)\s*$/i.exec(String(size)) ?? [];
  return amount === undefined ? undefined : Number(amount) * units[unit?.toLowerCase() as keyof typeof units];
}
