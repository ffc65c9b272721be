/** Timing code: what `%time` and `%timeit` measure and say. */
import { formatCount } from "../../../shared/text.ts";
import { kernelTimers } from "../asyncContext/timers.ts";
import type { Interrupts } from "../interrupt/interrupts.ts";
import { cellSide, fromCellPromise } from "../realm/cellRealm.ts";
import { MagicError } from "./magicContext.ts";

/** The start of a measurement: wall time and processor time. */
export interface Measurement {
  readonly wallMs: number;
  readonly cpu: NodeJS.CpuUsage;
}

/** Starts a measurement. */
export function startMeasurement(): Measurement {
  return { wallMs: performance.now(), cpu: process.cpuUsage() };
}

/** Says how much processor time and wall time has passed, in the unit that fits. */
export function describeMeasurement(started: Measurement): string {
  const wallMs = performance.now() - started.wallMs;
  const { user, system } = process.cpuUsage(started.cpu);
  const [userText, systemText, total] = [user, system, user + system].map((micros) => formatSeconds(micros / 1e6));
  return `CPU times: user ${userText}, sys: ${systemText}, total: ${total}\nWall time: ${formatSeconds(wallMs / 1e3)}`;
}

/** Formats seconds: `1.23 ms`; from a minute on `1min 30s`. */
function formatSeconds(seconds: number): string {
  if (seconds >= 60) {
    const whole = Math.round(seconds);
    const parts = [
      [Math.floor(whole / 3600), "h"],
      [Math.floor((whole % 3600) / 60), "min"],
      [whole % 60, "s"],
    ] as const;
    return parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join(" ");
  }
  const units = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [1e-9, "ns"],
  ] as const;
  const [scale, unit] = units.find(([least]) => seconds >= least * 0.9995) ?? [1e-9, "ns"];
  return `${Number((seconds / scale).toPrecision(3))} ${unit}`;
}

/** The least duration of a run in seconds: a shorter one cannot be timed well. */
const leastSeconds = 0.2;
const defaultRuns = 7;

/** The measurements of `%timeit`: seconds per loop, one entry per run. */
export class Timings {
  readonly loops: number;
  readonly runs: readonly number[];

  constructor(loops: number, runs: readonly number[]) {
    this.loops = loops;
    this.runs = runs;
  }

  get mean(): number {
    return this.runs.reduce((sum, seconds) => sum + seconds, 0) / this.runs.length;
  }

  /** The standard deviation of the runs themselves (not an estimate for others). */
  get standardDeviation(): number {
    const { mean } = this;
    return Math.sqrt(this.runs.reduce((sum, seconds) => sum + (seconds - mean) ** 2, 0) / this.runs.length);
  }

  get best(): number {
    return Math.min(...this.runs);
  }

  toString(): string {
    const counts = `${this.runs.length} run${this.runs.length === 1 ? "" : "s"}, ${formatCount(this.loops)} loop${this.loops === 1 ? "" : "s"} each`;
    return `${formatSeconds(this.mean)} ± ${formatSeconds(this.standardDeviation)} per loop (mean ± std. dev. of ${counts})`;
  }
}

/** Carries out `%timeit`: times `run`, whose promise is awaited if it returns one. `options` are `-n N` and `-r R`. */
export async function timeRuns(run: () => unknown, options: string, interrupts: Interrupts): Promise<Timings> {
  const asked = { n: count(options, "n"), r: count(options, "r") };
  const seconds = async (loops: number): Promise<number> => {
    interrupts.tick();
    const started = performance.now();
    await fromCellPromise(cellSide.runLoops(run, loops, () => interrupts.tick()));
    return (performance.now() - started) / 1e3;
  };
  const loops = asked.n ?? (await enoughLoops(seconds));
  const runs: number[] = [];
  for (let index = 0; index < (asked.r ?? defaultRuns); index++) {
    runs.push((await seconds(loops)) / loops);
    await new Promise((resolve) => kernelTimers.setImmediate(resolve)); // lets an interrupt, and whatever else waits, come through
  }
  return new Timings(loops, runs);
}

/** Returns the first of 1, 2, 5, 10, 20, ... loops that make a run long enough. */
async function enoughLoops(seconds: (loops: number) => Promise<number>): Promise<number> {
  for (let power = 1; ; power *= 10) {
    for (const factor of [1, 2, 5]) {
      if ((await seconds(factor * power)) >= leastSeconds) return factor * power;
    }
  }
}

function count(options: string, name: "n" | "r"): number | undefined {
  const given = new RegExp(`(?:^|\\s)-${name}\\s*(\\S+)`).exec(options)?.[1];
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new MagicError("BAD_COUNT", `%timeit -${name} takes a whole number from 1 up, got "${given}".`);
}
