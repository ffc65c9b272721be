/** What the profile prints: ops by time, products by shape, and how fast those are. */
import { Table } from "../../src/display/table.ts";
import { median } from "../kernel/statistics.ts";
import { type OpTime, products } from "./opClock.ts";

/** `took` = milliseconds of each step. */
export function opTable(times: readonly OpTime[], took: readonly number[]): string {
  const steps = took.length;
  const total = took.reduce((sum, ms) => sum + ms, 0);
  const inOps = times.reduce((sum, { ms }) => sum + ms, 0);
  const row = (name: string, { calls, ms, flops }: Pick<OpTime, "calls" | "ms" | "flops">) => [
    name,
    calls === 0 ? undefined : (calls / steps).toFixed(1),
    (ms / steps).toFixed(2),
    `${((100 * ms) / total).toFixed(1)} %`,
    flops === 0 ? undefined : (flops / ms / 1e6).toFixed(0),
  ];
  const multiplied = sum(times.filter(({ flops }) => flops > 0));
  const other = total - inOps;
  const table = new Table({
    columns: ["op", "calls a step", "ms a step", "share", "GFLOP/s"],
    rows: [
      row("all products", multiplied),
      ...byName(times).map((time) => row(time.op, time)),
      row("JavaScript", { calls: 0, ms: other, flops: 0 }),
    ],
  });
  const shapes = new Table({
    columns: ["product", "calls a step", "ms a step", "share", "GFLOP/s"],
    rows: times
      .filter(({ shapes }) => shapes !== "" && steps > 0)
      .slice(0, 16)
      .map((time) => row(time.shapes, time)),
  });
  const fastest = Math.min(...took).toFixed(1);
  return `${table}\n${shapes}\nA step: fastest ${fastest} ms, median ${median(took).toFixed(1)} ms, mean ${(total / steps).toFixed(1)} ms.`;
}

const sum = (times: readonly OpTime[]) => ({
  calls: times.reduce((total, { calls }) => total + calls, 0),
  ms: times.reduce((total, { ms }) => total + ms, 0),
  flops: times.reduce((total, { flops }) => total + flops, 0),
});

function byName(times: readonly OpTime[]): OpTime[] {
  const names = [...new Set(times.map(({ op }) => op))];
  const all = names.map((op) => ({ op, shapes: "", ...sum(times.filter((time) => time.op === op)) }));
  return all.filter(({ op }) => !products.has(op)).sort((a, b) => b.ms - a.ms);
}
