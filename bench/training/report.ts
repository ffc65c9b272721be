/** The report of a measurement: tables of times, memory and speed, and the conditions under which they were taken. */
import { formatPercent } from "../../src/display/numbers.ts";
import { type Cell, Table } from "../../src/display/table.ts";
import { mean } from "../statistics.ts";
import {
  blockMedians,
  type Machine,
  type Measured,
  medianMs,
  ratioOf,
  ratiosByPair,
  type Samples,
  speedOf,
  type Versions,
} from "./figures.ts";

/** The name of a workload, and the reason why there are no figures of it. */
export type NotMeasured = readonly [name: string, reason: string];

export function report(machine: Machine, measured: readonly Measured[], missing: readonly NotMeasured[]): string {
  const parts = measured.length === 0 ? [] : [String(times(measured)), String(resources(measured, machine))];
  const accuracies = measured.filter(({ thaw }) => thaw.accuracies.length > 0);
  if (accuracies.length > 0) parts.push(accuracies.map(accuracyLine).join("\n"));
  if (missing.length > 0) parts.push(missing.map(([name, reason]) => `${name} was not measured: ${reason}`).join("\n"));
  return [...parts, conditions(machine)].join("\n\n");
}

/** Tabulates the times. The spreads are those of the medians of the blocks, and of their ratios. */
function times(measured: readonly Measured[]): Table {
  const asked = (figures: Measured) => figures.asked.toFixed(2);
  return new Table({
    columns: ["workload", "what", "Thaw ms", "from - to", "PyTorch ms", "from - to", "ratio", "from - to", "asked"],
    rows: measured.map((figures) => [
      figures.name,
      figures.title,
      milliseconds(medianMs(figures.thaw)),
      range(blockMedians(figures.thaw), milliseconds),
      milliseconds(medianMs(figures.torch)),
      range(blockMedians(figures.torch), milliseconds),
      ratio(ratioOf(figures)),
      range(ratiosByPair(figures), ratio),
      asked(figures),
    ]),
  });
}

function resources(measured: readonly Measured[], { gemm }: Machine): Table {
  const speed = (samples: Samples, peak: number): Cell[] => {
    const gflops = speedOf(samples);
    return gflops === undefined ? [undefined, undefined] : [gflops.toFixed(0), formatPercent(gflops / peak)];
  };
  return new Table({
    columns: [
      ...["workload", "Thaw MB", "PyTorch MB", "ratio"],
      ...["Thaw GFLOP/s", "of its GEMM", "PyTorch GFLOP/s", "of its GEMM"],
    ],
    rows: measured.map(({ name, thaw, torch }) => [
      name,
      thaw.peakRssMb.toFixed(0),
      torch.peakRssMb.toFixed(0),
      ratio(thaw.peakRssMb / torch.peakRssMb),
      ...speed(thaw, gemm.thaw),
      ...speed(torch, gemm.torch),
    ]),
  });
}

function accuracyLine({ name, thaw, torch }: Measured): string {
  const side = ({ accuracies }: Samples) => {
    const each = accuracies.map((value) => formatPercent(value)).join(", ");
    return accuracies.length === 1 ? each : `${formatPercent(mean(accuracies))} (${each})`;
  };
  return `${name}, right labels at the end: Thaw ${side(thaw)}, PyTorch ${side(torch)}`;
}

function conditions({ processor, cores, threads, memoryGb, loadBefore, gemm, versions }: Machine): string {
  const list = (entries: Versions) =>
    Object.entries(entries)
      .map(([what, version]) => `${what} ${version}`)
      .join(", ");
  const busy =
    "The machine was busy before the run (load " +
    `${loadBefore.toFixed(1)}): two threads that wait for each other lose most by that, so these ratios say little.`;
  return [
    `A product of 2048 x 768 and 768 x 3072: Thaw ${gemm.thaw.toFixed(0)}, PyTorch ${gemm.torch.toFixed(0)} GFLOP/s.`,
    `Thaw: ${list(versions.thaw)}.`,
    `PyTorch: ${list(versions.torch)}.`,
    `${processor}, ${cores} cores, ${memoryGb} GB, ${threads} threads a side, load ${loadBefore.toFixed(1)} before the run.`,
    ...(loadBefore > cores / 4 ? [busy] : []),
    "Compare times within one run on a quiet machine only.",
  ].join("\n");
}

const milliseconds = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0));
const ratio = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2);

function range(values: readonly number[], format: (value: number) => string): string | undefined {
  return values.length < 2 ? undefined : `${format(Math.min(...values))} - ${format(Math.max(...values))}`;
}
