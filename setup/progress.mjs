/** Shows one line per step, as in `[3/11] Python environment ... 12 s`. A long step shows that it lives. */

/** Interval in milliseconds at which lines are added if the terminal cannot rewrite a line. */
const quietIntervalMs = 15_000;

/**
 * Writes milliseconds as `0.4 s`, `12 s` or `2 min 05 s`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Shows `label ...` while `work` runs, and how long it took.
 * @template T
 * @param {string} label
 * @param {() => T | Promise<T>} work
 * @param {NodeJS.WritableStream & { isTTY?: boolean }} [stream] a terminal or a file
 * @returns {Promise<T>}
 */
export async function withProgress(label, work, stream = process.stdout) {
  const start = performance.now();
  const elapsed = () => duration(performance.now() - start);
  if (stream.isTTY) stream.write(`${label} ...`);
  const timer = stream.isTTY
    ? setInterval(() => stream.write(`\r${label} ... ${elapsed()}\u001b[K`), 1000)
    : setInterval(() => stream.write(`${label} ... still at it, ${elapsed()}\n`), quietIntervalMs);
  const line = (/** @type {string} */ end) =>
    stream.write(stream.isTTY ? `\r${label} ... ${end}\u001b[K\n` : `${label} ... ${end}\n`);
  try {
    const result = await work();
    line(elapsed());
    return result;
  } catch (error) {
    line(`failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
