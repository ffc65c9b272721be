/**
 * Measures how the time of training grows with the tokens of a batch, the layers that train, and the number of examples:
 * `npm run bench:growth -- [--rounds 3] [--save build/growth.png]`. It prints a table per series with the line through its
 * points, and saves a figure of them. Each size is measured once per round, and the fastest round counts: other work on the
 * machine only ever adds.
 */
import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { Table } from "../../src/display/table.ts";
import { fitLine, growthFigure, type MeasuredSeries } from "./fit.ts";
import { growing } from "./series.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, save: { type: "string", default: "build/growth.png" } },
});
console.info = () => {}; // which weights are new, once for every model that is loaded
const rounds = Number(values.rounds);
const processor = `${cpus().length} x ${cpus()[0]?.model?.trim()}`;

const measured: MeasuredSeries[] = [];
for (const series of growing) {
  const fastest = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    for (const size of series.sizes) {
      const took = await series.measure(size);
      fastest.set(size, Math.min(took, fastest.get(size) ?? Number.POSITIVE_INFINITY));
      process.stderr.write(`${series.title}, round ${round + 1} of ${rounds}: ${size} took ${took.toFixed(1)}\n`);
    }
  }
  const points = [...fastest];
  measured.push({ series, points, line: fitLine(points) });
}

for (const { series, points, line } of measured) {
  const at = (x: number) => line.intercept + line.slope * x;
  const rows = points.map(([x, y]) => [
    x,
    y.toFixed(1),
    at(x).toFixed(1),
    `${((100 * (y - at(x))) / at(x)).toFixed(1)} %`,
  ]);
  console.log(String(new Table({ columns: [series.xTitle, series.yTitle, "line", "off"], rows })));
  console.log(`R^2 ${line.r2.toFixed(4)}, at most ${(100 * line.worst).toFixed(1)} % off the line.\n`);
}
mkdirSync(dirname(values.save), { recursive: true });
await growthFigure(measured, processor).save(values.save);
console.log(`${processor}. Figure: ${values.save}`);
