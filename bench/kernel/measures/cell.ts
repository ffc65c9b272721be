/** A cell that does nothing, with text never seen before: what the kernel itself takes. */
import { type Kernel, KernelProcess } from "../kernelProcess.ts";
import { resultText } from "../leanClient.ts";
import type { Figure, Measure, Question } from "../measure.ts";
import { snippets } from "../snippets.ts";
import { median, quantile } from "../statistics.ts";

const blocks = 4;
const perBlock = 50;
/** At the begin of each block, not counted: a process that waited for its turn is cold. */
const warmUp = 10;

const plain: Question = { measure: `trivial cell, median of ${blocks * perBlock} (95 %)`, asked: "1.3 ms" };
const imported: Question = { measure: 'the same after import "thaw"', asked: "2 ms" };

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
  /** Cells whose `idle` or reply never came. */
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
        for (let i = 0; i < warmUp + perBlock; i++) await run(turn, ++n, i >= warmUp);
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
