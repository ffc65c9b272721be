/**
 * Measures Thaw beside PyTorch and transformers, in turn and in one run: `npm run bench:training -- [--only
 * w1-full,w4-predict] [--quick] [--json]`. It prints a table of times with their ratios and targets, one of memory and speed,
 * accuracies, and the machine; with `--json` medians, peaks and ratios as one object.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodedError } from "../../shared/codedError.ts";
import { describeMachine, hasBfloat16, loadNow, type Machine, type Measured, toJson } from "./figures.ts";
import { measure, type Pair } from "./measure.ts";
import { checkParity, lossesOf } from "./parity.ts";
import { prepare } from "./prepare.ts";
import { type NotMeasured, report } from "./report.ts";
import { Side, torchPython } from "./side.ts";
import type { Task } from "./task.ts";
import { type Arguments, type ModelKind, readArguments, workloads } from "./workloads.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main({ names, quick, json }: Arguments): Promise<void> {
  const load = loadNow();
  const wanted = workloads.filter(({ name }) => names.includes(name));
  const missing: NotMeasured[] = hasBfloat16()
    ? []
    : wanted
        .filter(({ precision }) => precision !== undefined)
        .map(({ name }) => [name, "this processor has no bfloat16."]);
  const able = wanted.filter(({ name }) => !missing.some(([other]) => other === name));
  const python = torchPython();
  const place = mkdtempSync(join(tmpdir(), "thaw-training-"));
  process.once("exit", () => rmSync(place, { recursive: true, force: true }));

  const start = (name: string, task: Task): Pair<Side> => {
    const path = join(place, `${name}.json`);
    writeFileSync(path, JSON.stringify(task));
    return { thaw: Side.thaw(path), torch: Side.torch(python, path) };
  };
  say("Writing models and token ids for both sides ...");
  const { prepared, parity } = await prepare(able, quick, place);
  for (const [kind, task] of parity) await compareLosses(kind, start(`parity-${kind}`, task));
  const figures = await measureMachine(start("machine", [...parity.values()][0] as Task));

  const measured: Measured[] = [];
  for (const { workload, size, tasks, model } of prepared) {
    const { name, title, asked } = workload;
    const started = performance.now();
    try {
      const samples = await measure(workload, size, tasks, model, (seed) =>
        start(`${name}-${seed}`, tasks[seed] as Task),
      );
      measured.push({ name, title, asked, ...samples });
    } catch (error) {
      // an option that this machine does not have
      if (workload.precision === undefined || !(error instanceof CodedError) || error.code === "WORKER_FAILED")
        throw error;
      missing.push([name, error.message]);
    }
    say(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  const machine = describeMachine(load, figures);
  if (json) process.stdout.write(`${JSON.stringify(toJson(machine, measured), undefined, 2)}\n`);
  else console.log(report(machine, measured, missing));
  if (json) for (const [name, reason] of missing) say(`${name} was not measured: ${reason}`);
}

async function compareLosses(kind: ModelKind, { thaw, torch }: Pair<Side>): Promise<void> {
  try {
    const [ours, theirs] = [await lossesOf(thaw, kind), await lossesOf(torch, kind)];
    const pair = (when: "before" | "after") => `${ours[when].toFixed(6)} and ${theirs[when].toFixed(6)}`;
    say(`Loss without dropout, ${kind}, in Thaw and in PyTorch: ${pair("before")}, after steps ${pair("after")}.`);
    checkParity(kind, ours, theirs);
  } finally {
    await Promise.all([thaw.end(), torch.end()]);
  }
}

async function measureMachine({ thaw, torch }: Pair<Side>): Promise<Pick<Machine, "gemm" | "versions">> {
  try {
    const best = { thaw: 0, torch: 0 };
    for (let round = 0; round < 5; round++) {
      best.thaw = Math.max(best.thaw, (await thaw.ask({ do: "gemm" })).gflops ?? 0);
      best.torch = Math.max(best.torch, (await torch.ask({ do: "gemm" })).gflops ?? 0);
    }
    const versions = async (side: Side) => (await side.ask({ do: "versions" })).versions ?? {};
    return { gemm: best, versions: { thaw: await versions(thaw), torch: await versions(torch) } };
  } finally {
    await Promise.all([thaw.end(), torch.end()]);
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
try {
  await main(
    readArguments(
      process.argv.slice(2),
      workloads.map(({ name }) => name),
    ),
  );
  process.exit(0);
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  say(`${error.code}: ${error.message}`);
  process.exit(error.code === "BAD_ARGUMENT" ? 2 : 1);
}
