/**
 * Measures the latency of a kernel: of its start, of a trivial cell, of requests, and of heartbeats while a cell blocks
 * it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile } from "../../statistics.ts";
import { type Kernel, KernelProcess, withKernel } from "../kernelProcess.ts";
import { resultText } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne, type Question, whole } from "../measure.ts";
import { snippets } from "../snippets.ts";

const startRounds = 5;

/** Measures the time from spawn to the first answer. The kernels take turns, so that a busy moment meets all of them. */
export const start: Measure = {
  key: "start",
  withEcho: true,
  async run(kernels) {
    const times: Record<string, number[]> = {};
    for (let round = 0; round < startRounds; round++) {
      for (const kernel of kernels) {
        const process = await KernelProcess.start(kernel);
        times[kernel.name] = [...(times[kernel.name] ?? []), process.startMs];
        await process.stop();
      }
    }
    const figures = Object.entries(times).map(([name, ms]) => {
      const value = median(ms) / 1000;
      return [name, { value, text: `${value.toFixed(2)} s` }] as const;
    });
    const measure = `spawn to kernel_info_reply, median of ${startRounds}`;
    return [{ measure, asked: "0.20 s", figures: Object.fromEntries(figures) }];
  },
};

const blocks = 4;
const perBlock = 50;
/** Cells at the beginning of each block that do not count: a process that waited for its turn is cold. */
const warmUpCells = 10;

const plain: Question = { measure: `trivial cell, median of ${blocks * perBlock} (95 %)`, asked: "1.3 ms" };
const imported: Question = { measure: 'the same after import "thaw"', asked: "2 ms" };

/** Measures a cell that does nothing and whose text was never seen before: the time that the kernel itself takes. */
export const cell: Measure = {
  key: "cell",
  withEcho: true,
  async run(kernels) {
    const ours = kernels.filter((kernel) => kernel.name === "Thaw");
    return [
      { ...plain, figures: await inTurns(kernels) },
      { ...imported, figures: await inTurns(ours, 'import { tf } from "thaw";') },
    ];
  },
};

interface Turn {
  readonly process: KernelProcess;
  readonly times: number[];
  /** The number of cells whose `idle` or reply never came. */
  lost: number;
  wrong: string | undefined;
}

async function inTurns(kernels: readonly Kernel[], before?: string): Promise<Record<string, Figure>> {
  const turns: Turn[] = [];
  let n = 0;
  try {
    for (const kernel of kernels) {
      const process = await KernelProcess.start(kernel);
      turns.push({ process, times: [], lost: 0, wrong: undefined });
      if (before !== undefined) await process.client.execute(before, { limitMs: 60_000 });
    }
    for (let block = 0; block < blocks; block++) {
      for (const turn of turns) {
        for (let i = 0; i < warmUpCells + perBlock; i++) await run(turn, ++n, i >= warmUpCells);
      }
    }
  } finally {
    for (const { process } of turns) await process.stop();
  }
  return Object.fromEntries(turns.map((turn) => [turn.process.kernel.name, inWords(turn)]));
}

async function run(turn: Turn, n: number, counts: boolean): Promise<void> {
  const { client, kernel } = turn.process;
  const code = snippets[kernel.language].trivial(n);
  const { ms, messages } = await client.execute(code, { untilResult: true, limitMs: 2000 });
  const text = resultText(messages);
  if (ms === undefined) turn.lost++;
  else if (text !== String(n) && kernel.name !== "echo")
    turn.wrong = `answered "${text}" to a cell that ends with ${n}`;
  else if (counts) turn.times.push(ms);
}

function inWords({ times, lost, wrong }: Turn): Figure {
  if (wrong !== undefined) return { text: wrong };
  const value = median(times);
  const text = `${value.toFixed(2)} ms (${quantile(times, 0.95).toFixed(1)})`;
  return lost === 0 ? { value, text } : { value, text: `${text}, ${lost} never ended` };
}

const warmUpRequests = 100;

/** Measures signed requests one after the other: the protocol without a cell. */
export const requests: Measure = {
  key: "requests",
  withEcho: true,
  run(kernels, { quick }) {
    const count = quick ? 1000 : 5000;
    const question = {
      measure: `signed requests a second, serial, of ${whole(count)} (99 %)`,
      asked: "3,000/s (5 ms)",
    };
    return oneByOne([question], kernels, (kernel) =>
      withKernel(kernel, async ({ client }) => {
        const times: number[] = [];
        for (let i = 0; i < warmUpRequests + count; i++) {
          const started = performance.now();
          const reply = await client.request("kernel_info_request", {});
          if (reply === undefined) throw new Error(`request ${i} got no answer`);
          if (i >= warmUpRequests) times.push(performance.now() - started);
        }
        const value = count / (times.reduce((sum, ms) => sum + ms, 0) / 1000);
        return [{ value, text: `${whole(value)}/s (${quantile(times, 0.99).toFixed(1)} ms)` }];
      }),
    );
  },
};

/** Measures whether the kernel still seems alive while a cell blocks its main thread. */
export const heartbeat: Measure = {
  key: "heartbeat",
  run(kernels, { quick }) {
    const seconds = quick ? 3 : 60;
    const question = { measure: `heartbeat while blocked for ${seconds} s: longest, missed`, asked: "100 ms, 0" };
    return oneByOne([question], kernels, (kernel) =>
      withKernel(kernel, async ({ client }) => {
        const blocked = client.execute(snippets[kernel.language].block(seconds), { limitMs: (seconds + 10) * 1000 });
        await sleep(200);
        const end = AbortSignal.timeout((seconds - 0.5) * 1000);
        const { maxMs, missed } = await client.heartbeats(end);
        await blocked;
        return [{ value: maxMs, text: `${whole(maxMs)} ms, ${missed}` }];
      }),
    );
  },
};
