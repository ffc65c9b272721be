/** Much printed text: does all of it come, in order, before `idle`, and what does it do to memory. */

import { type Arrival, contentOf } from "../framing.ts";
import { type Kernel, type KernelProcess, withKernel } from "../kernelProcess.ts";
import { sleep } from "../leanClient.ts";
import { LineCounter } from "../lineCounter.ts";
import { type Figure, type Measure, oneByOne, whole } from "../measure.ts";
import { residentMegabytes } from "../processTree.ts";
import { settledMegabytes } from "../settled.ts";
import { snippets } from "../snippets.ts";

interface Printed {
  /** Up to `idle`, and whatever came within a second after it. */
  readonly before: number;
  readonly after: number;
  readonly inOrder: boolean;
  readonly messages: number;
  /** Undefined when `idle` never came. */
  readonly ms: number | undefined;
}

const some = 20_000;

export const lines: Measure = {
  key: "lines",
  run(kernels, { quick }) {
    const many = quick ? 200_000 : 1_000_000;
    const limitMs = quick ? 6000 : 60_000;
    return oneByOne(
      [
        { measure: `${whole(some)} printed lines: before idle, time`, asked: "all in order, 150 ms" },
        { measure: `${whole(many)} printed lines: memory after (at most)`, asked: "+50 MB" },
        { measure: `${whole(many)} printed lines: before idle, time`, asked: "all in order" },
      ],
      kernels,
      async (kernel) => {
        const few = await withKernel(kernel, (process) => print(process, some, limitMs));
        return [inWords(few, some), ...(await flood(kernel, many, limitMs))];
      },
    );
  },
};

async function flood(kernel: Kernel, count: number, limitMs: number): Promise<Figure[]> {
  return await withKernel(kernel, async (process) => {
    await print(process, 1000, limitMs); // what printing needs once is no growth, nor what loads after the first cell
    const before = await settledMegabytes(process.pid);
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, residentMegabytes(process.pid));
    }, 50);
    const printed = await print(process, count, limitMs);
    clearInterval(timer);
    const value = residentMegabytes(process.pid) - before;
    return [{ value, text: `+${whole(value)} MB (+${whole(most - before)})` }, inWords(printed, count)];
  });
}

/** Runs the cell that prints, and counts what comes without keeping it. */
async function print({ client, kernel }: KernelProcess, count: number, limitMs: number): Promise<Printed> {
  const counter = new LineCounter();
  let messages = 0;
  const take = (arrival: Arrival): void => {
    const { name, text } = arrival.type === "stream" ? contentOf(arrival) : {};
    if (name !== "stdout") return;
    messages++;
    counter.take(String(text));
  };
  client.onStray = take;
  const code = snippets[kernel.language].printLines(count);
  const { ms } = await client.execute(code, { limitMs, onMessage: take });
  const before = counter.count;
  await sleep(1000);
  client.onStray = () => {};
  return { before, after: counter.count - before, inOrder: counter.inOrder, messages, ms };
}

function inWords({ before, after, inOrder, messages, ms }: Printed, count: number): Figure {
  const parts = [
    before === count ? "all" : whole(before),
    ms === undefined ? "idle never came" : `${whole(ms)} ms`,
    `${whole(messages)} messages`,
    ...(after > 0 ? [`${whole(after)} after idle`] : []),
    ...(inOrder ? [] : ["out of order"]),
  ];
  const text = parts.join(", ");
  return before === count && inOrder && ms !== undefined ? { value: ms, text } : { text };
}
