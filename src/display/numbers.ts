/** Numbers as people read them in tables, bars and captions: the same in every view. */
import { formatCount } from "../../shared/text.ts";

export { formatCount };

/** Formats seconds, rounded: 3 -> "0:03", 65 -> "1:05", 3729 -> "1:02:09". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const tail = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Formats a measured time: 0.0312 -> "0.031 s", 7.25 -> "7.3 s", from 10 seconds on as `formatSeconds` does. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds >= 9.95) return formatSeconds(seconds);
  return `${seconds < 0.0005 ? "0" : seconds < 0.995 ? Number(seconds.toPrecision(2)) : seconds.toFixed(1)} s`;
}

/** Formats a number of bytes: 1234567 -> "1.2 MB", 2.5e9 -> "2.50 GB". */
export function formatBytes(bytes: number): string {
  const { size, digits, name } = byteUnit(bytes);
  return `${(bytes / size).toFixed(digits)} ${name}`;
}

/** Formats a part of a number of bytes, both in the unit of the whole: 4.09e7 of 9.09e7 -> "40.9/90.9 MB". */
export function formatBytesOf(bytes: number, total: number): string {
  const { size, digits, name } = byteUnit(total);
  return `${(bytes / size).toFixed(digits)}/${(total / size).toFixed(digits)} ${name}`;
}

/** Formats bytes per second: 3.14e6 -> "3.1 MB/s", 40_000 -> "40 kB/s". */
export function formatByteRate(perSecond: number): string {
  return perSecond >= 1e6 ? `${formatBytes(perSecond)}/s` : `${Math.round(perSecond / 1e3)} kB/s`;
}

function byteUnit(bytes: number): { readonly size: number; readonly digits: number; readonly name: string } {
  return bytes >= 1e9 ? { size: 1e9, digits: 2, name: "GB" } : { size: 1e6, digits: bytes >= 1e8 ? 0 : 1, name: "MB" };
}

/** Formats a fraction as a percentage with `digits` after the point: 0.8123 -> "81.2%". */
export function formatPercent(fraction: number, digits = 1): string {
  return `${(100 * fraction).toFixed(digits)}%`;
}

/** Formats a learning rate or the like: 5e-5 -> "5.00e-5", 0 -> "0". */
export function formatRate(rate: number): string {
  return rate === 0 ? "0" : rate.toExponential(2);
}

/**
 * Formats a measured number in four digits, or all of those before the point: 0.0123456 -> "0.01235", 42183.3 ->
 * "42,183".
 */
export function formatNumber(value: number): string {
  return Math.abs(value) < 1e4 ? value.toPrecision(4) : formatCount(Math.round(value));
}

/** Writes a number of epochs, three digits after the point at most: an evaluation within an epoch stands at a fraction. */
export const formatEpoch = (epoch: number): string => String(Math.round(1000 * epoch) / 1000);
