/**
 * Measures Thaw beside Deno, ipykernel and tslab, in one run and by one client:
 * `npm run bench:kernel -- [--quick] [--only start,cell] [--kernels Thaw,Deno] [--json]`. It prints a table of one row per
 * measure with the target and one column per kernel, then the share of the client and the load of the machine; with `--json`
 * the same as one object.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Table } from "../../src/display/table.ts";
import { echo, findKernels } from "./kernels.ts";
import type { Measure, Row } from "./measure.ts";
import { completion } from "./measures/completion.ts";
import { interrupt } from "./measures/interrupt.ts";
import { cell, heartbeat, requests, start } from "./measures/latency.ts";
import { memory } from "./measures/memory.ts";
import { belonging, lines } from "./measures/output.ts";

const all: readonly Measure[] = [start, cell, requests, completion, lines, heartbeat, memory, interrupt, belonging];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string" },
    kernels: { type: "string" },
  },
});
const wanted = values.only?.split(",") ?? all.map(({ key }) => key);
const unknown = wanted.filter((key) => !all.some((measure) => measure.key === key));
if (unknown.length > 0) {
  console.error(`There is no measure "${unknown.join('", "')}": use ${all.map(({ key }) => key).join(", ")}.`);
  process.exit(2);
}

const load = (loadavg()[0] ?? 0).toFixed(1);
const { kernels, missing } = findKernels(values.kernels?.split(","));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
for (const sentence of missing) say(sentence);
say(`${kernels.map(({ name, version }) => `${name} ${version}`).join("; ")}.`);

const rows: Row[] = [];
for (const measure of all.filter(({ key }) => wanted.includes(key))) {
  const started = performance.now();
  const measured = measure.withEcho === true ? [...kernels, echo()] : kernels;
  rows.push(...(await measure.run(measured, { quick: values.quick })));
  say(`${measure.key}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

const processor = `${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`;
if (values.json) {
  const versions = Object.fromEntries(kernels.map(({ name, version }) => [name, version]));
  process.stdout.write(`${JSON.stringify({ processor, load: Number(load), versions, missing, rows }, undefined, 2)}\n`);
} else {
  const columns = ["measure", "asked", ...kernels.map(({ name }) => name)];
  const cells = rows.map(({ measure, asked, figures }) => [
    measure,
    asked,
    ...kernels.map(({ name }) => figures[name]?.text),
  ]);
  console.log(String(new Table({ columns, rows: cells })));
  for (const { measure, figures } of rows) {
    if (figures.echo !== undefined) console.log(`The client and the sockets alone, ${measure}: ${figures.echo.text}`);
  }
  console.log(`${processor}, load ${load} before the run. Compare times within one run on a quiet machine only.`);
}
process.exit(0); // sockets of kernels that never answered may still wait
