/** Measures the speed of completion, and whether it delays a running cell. */
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../../statistics.ts";
import { withKernel } from "../kernelProcess.ts";
import { contentOf, type LeanClient, resultText } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne } from "../measure.ts";
import { snippets } from "../snippets.ts";

const rounds = 50;
const warmUp = 5;
/** Rounds of a measure that runs a cell each time. */
const cellRounds = 15;
/** A cell's types are checked when the kernel has been quiet for a fifth of a second. */
const settleMs = 1000;
/** Loading TypeScript and the types of TensorFlow.js may take so long. */
const loadMs = 60_000;
/** Another process may hold up a cell too: the longest pause counts in the quietest of so many runs. */
const pauseRuns = 3;

export const completion: Measure = {
  key: "completion",
  run: (kernels) =>
    oneByOne(
      [
        { measure: `completion on an object of a cell, median of ${rounds}`, asked: "15 ms" },
        { measure: "the same in a text that narrows the name", asked: "" },
        { measure: `the first after its cell ran (at once), median of ${cellRounds}`, asked: "15 ms" },
        { measure: 'completion on "tf." after import "thaw"', asked: "15 ms" },
        { measure: "the same in a text that narrows the name", asked: "" },
        { measure: 'the very first on "tf.", three seconds after the import', asked: "" },
        { measure: "longest pause of a running cell with completions (without)", asked: "no delay" },
      ],
      kernels,
      (kernel) =>
        withKernel(kernel, async ({ client }) => {
          const { settings, longestPause } = snippets[kernel.language];
          await client.execute(settings);
          const isThaw = kernel.name === "Thaw";
          if (isThaw) await untilTyped(client, "console.lo");
          const onObject = await completions(client, (n) => `result${n} = settings.`, "learningRate");
          const pauses = await longestPauses(client, longestPause);
          if (!isThaw) return [onObject, undefined, undefined, undefined, undefined, undefined, pauses];
          const used = await completions(client, (n) => `if (settings) result${n} = settings.`, "learningRate");
          const first = await firstAfterCell(client, settings);
          await client.execute('import { tf } from "thaw";', { limitMs: loadMs });
          await sleep(3 * settleMs);
          const firstTf = await completionMs(client, "tf.", "tensor2d");
          const onTf = await completions(client, (n) => `result${n} = tf.`, "tensor2d");
          const usedTf = await completions(client, (n) => `if (tf) result${n} = tf.`, "tensor2d");
          return [onObject, used, first, onTf, usedTf, milliseconds(firstTf), pauses];
        }),
    ),
};

/** The language service loads in the background; until then answers come from the live values alone, which have no methods. */
async function untilTyped(client: LeanClient, code: string): Promise<void> {
  const end = performance.now() + loadMs;
  while (performance.now() < end) {
    const reply = await client.request("complete_request", { code, cursor_pos: code.length });
    if (reply !== undefined && JSON.stringify(contentOf(reply).metadata).includes('"method"')) return;
    await sleep(100);
  }
  throw new Error("No types within a minute.");
}

/** Completes a text that was never seen before, each time. */
async function completions(client: LeanClient, text: (n: number) => string, expected: string): Promise<Figure> {
  const times: number[] = [];
  for (let i = 0; i < warmUp + rounds; i++) {
    const ms = await completionMs(client, `${"\n".repeat(i % 3)}${text(i)}`, expected);
    if (i >= warmUp) times.push(ms);
  }
  return milliseconds(median(times));
}

/** Completes a while after the cell, as a person would, and at the moment when it has ended. */
async function firstAfterCell(client: LeanClient, cell: string): Promise<Figure> {
  const [later, atOnce]: [number[], number[]] = [[], []];
  for (let i = 0; i < 2 * cellRounds; i++) {
    const waits = i % 2 === 0;
    await client.execute(`${cell}\nconst round${i} = ${i};`);
    if (waits) await sleep(settleMs);
    (waits ? later : atOnce).push(await completionMs(client, `result${i} = settings.`, "learningRate"));
  }
  const value = median(later);
  return { value, text: `${value.toFixed(1)} ms (${median(atOnce).toFixed(1)})` };
}

async function completionMs(client: LeanClient, code: string, expected: string): Promise<number> {
  const started = performance.now();
  const reply = await client.request("complete_request", { code, cursor_pos: code.length });
  const ms = performance.now() - started;
  const matches = reply === undefined ? [] : (contentOf(reply).matches as string[]);
  if (matches.some((match) => match.endsWith(expected))) return ms;
  throw new Error(`no "${expected}" among ${matches.length} matches`);
}

async function longestPauses(client: LeanClient, code: string): Promise<Figure> {
  const [quiet, asked]: [number[], number[]] = [[], []];
  for (let i = 0; i < pauseRuns; i++) {
    quiet.push(await pause(client, code, false));
    asked.push(await pause(client, code, true));
  }
  const value = Math.min(...asked);
  return { value, text: `${value.toFixed(1)} ms (${Math.min(...quiet).toFixed(1)})` };
}

/** Reads the cell's own measure of its longest pause, in ms, while twenty completions per second come, or none. */
async function pause(client: LeanClient, code: string, disturbed: boolean): Promise<number> {
  const question = "result = settings.";
  const timer = setInterval(() => {
    if (disturbed) client.send("complete_request", { code: question, cursor_pos: question.length });
  }, 50);
  const { messages } = await client.execute(code, { untilResult: true });
  clearInterval(timer);
  return Number(resultText(messages));
}

function milliseconds(value: number): Figure {
  return { value, text: `${value.toFixed(1)} ms` };
}
