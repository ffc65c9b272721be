/** The Stop button, by each kernel's own mode: whether the cell ends, variables are kept, and nothing runs on. */
import { setTimeout as sleep } from "node:timers/promises";
import { KernelProcess } from "../kernelProcess.ts";
import { type Arrival, resultText } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne, whole } from "../measure.ts";
import { endless, snippets } from "../snippets.ts";

/** A cell may take so long to say that it has begun, and then runs for so long. */
const beginMs = 3000;
const runMs = 200;
const limitMs = 3000;
const listenMs = 500;

export const interrupt: Measure = {
  key: "interrupt",
  run: (kernels) =>
    oneByOne(
      endless.map((shape) => ({ measure: `stop of ${shape}`, asked: "500 ms, variables kept" })),
      kernels,
      async (kernel) => {
        const figures: Figure[] = [];
        let process = await KernelProcess.start(kernel);
        try {
          for (const shape of endless) {
            const { figure, usable } = await stop(process, snippets[kernel.language].endless[shape]);
            figures.push(figure);
            if (usable) continue;
            await process.stop();
            process = await KernelProcess.start(kernel);
          }
        } finally {
          await process.stop();
        }
        return figures;
      },
    ),
};

async function stop(process: KernelProcess, code: string): Promise<{ figure: Figure; usable: boolean }> {
  const { client, kernel } = process;
  await client.execute(snippets[kernel.language].keep);
  let late = false;
  let isRunning = (): void => {};
  const begun = new Promise<void>((resolve) => {
    isRunning = resolve;
  });
  const onMessage = (arrival: Arrival): void => {
    if (arrival.type === "stream") isRunning();
  };
  const { begin } = snippets[kernel.language];
  const ended = client.execute(`${begin}\n${code}`, { limitMs: beginMs + limitMs, onMessage });
  await Promise.race([begun, sleep(beginMs)]);
  await sleep(runMs);
  const started = performance.now();
  process.interrupt();
  const { ms } = await Promise.race([ended, gone(process)]);
  const stoppedMs = performance.now() - started;
  client.onStray = (arrival) => {
    late ||= arrival.type === "stream";
  };
  await sleep(listenMs);
  client.onStray = () => {};
  if (!process.alive) return { figure: { text: "the kernel dies" }, usable: false };
  if (ms === undefined) return { figure: { text: "never ends" }, usable: false };
  const { messages } = await client.execute("kept", { limitMs, untilResult: true });
  const kept = resultText(messages) === "42";
  const notes = [...(late ? ["runs on"] : []), ...(kept ? [] : ["variables lost"])];
  const text = [`${whole(stoppedMs)} ms`, ...notes].join(", ");
  return { figure: notes.length > 0 ? { text } : { value: stoppedMs, text }, usable: notes.length === 0 };
}

/** Resolves when the process has ended. */
async function gone(process: KernelProcess): Promise<{ ms: undefined }> {
  while (process.alive) await sleep(20);
  return { ms: undefined };
}
