/** Whether a kernel's output is whole and in its place: printed lines, text under its cell, errors on their lines. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Kernel, type KernelProcess, withKernel } from "../kernelProcess.ts";
import { type Arrival, contentOf, type LeanClient, printedText } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne, whole } from "../measure.ts";
import { residentMegabytes, settledMegabytes } from "../processMemory.ts";
import { snippets } from "../snippets.ts";

interface Printed {
  /** The number of lines up to `idle`, and of those that came within a second after it. */
  readonly before: number;
  readonly after: number;
  readonly inOrder: boolean;
  readonly messages: number;
  /** The time until `idle`; undefined when it never came. */
  readonly ms: number | undefined;
}

const some = 20_000;

/** Measures much printed text: whether all of it comes, in order, before `idle`, and what it does to memory. */
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

/** Runs the cell that prints, and counts the lines that arrive without keeping them. */
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

/** Follows the text `line 0\nline 1\n...` as it arrives in pieces, without keeping it. */
class LineCounter {
  /** The number of complete lines. */
  count = 0;
  /** Whether each line was the one that had to come. */
  inOrder = true;
  #rest = "";

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== `line ${this.count}`) this.inOrder = false;
      this.count++;
    }
  }
}

/** Measures whether text is found under its own cell, and an error on its own line. */
export const belonging: Measure = {
  key: "belonging",
  run: (kernels) =>
    oneByOne(
      [
        { measure: "an error on line 9 is reported on line", asked: "9" },
        { measure: "text of a timer that fires in a later cell", asked: "own cell" },
        { measure: "text of a child process", asked: "own cell" },
      ],
      kernels,
      (kernel) =>
        withKernel(kernel, async (process) => [await lineOf(process), await timer(process), await child(process)]),
    ),
};

async function lineOf({ client, kernel }: KernelProcess): Promise<Figure> {
  const { messages } = await client.execute(snippets[kernel.language].throwOnLine9, { limitMs: 5000 });
  const error = messages.find((message) => message.type === "error");
  const traceback = error === undefined ? printedText(messages) : (contentOf(error).traceback as string[]).join("\n");
  const line = /(?:In\[\d+\]|<anonymous>)(?:\.ts)?:(\d+)|line (\d+)/.exec(traceback);
  return { text: line?.[1] ?? line?.[2] ?? "none" };
}

async function timer({ client, kernel }: KernelProcess): Promise<Figure> {
  const { printLater, awaitHalfASecond } = snippets[kernel.language];
  const heard = listen(client);
  const own = await client.execute(printLater, { onMessage: heard.take });
  const later = await client.execute(awaitHalfASecond, { onMessage: heard.take });
  await sleep(200);
  return { text: heard.whose("late text", { "own cell": own.id, "later cell": later.id }) };
}

async function child({ client, kernel }: KernelProcess): Promise<Figure> {
  const heard = listen(client);
  const { id } = await client.execute(snippets[kernel.language].childProcess, { onMessage: heard.take });
  await sleep(500);
  return { text: heard.whose("text of a child", { "own cell": id }) };
}

/** Records everything on iopub from now on. */
function listen(client: LeanClient): {
  take: (arrival: Arrival) => void;
  whose: (text: string, ids: Record<string, string>) => string;
} {
  const arrivals: Arrival[] = [];
  const take = (arrival: Arrival): void => void arrivals.push(arrival);
  client.onStray = take;
  const whose = (text: string, ids: Record<string, string>): string => {
    const found = arrivals.find((arrival) => printedText([arrival]).includes(text));
    if (found === undefined) return "lost";
    return Object.entries(ids).find(([, id]) => id === found.parent)?.[0] ?? "another cell";
  };
  return { take, whose };
}
