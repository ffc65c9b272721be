/** How fast completion answers, and whether it holds up a cell that runs. */

import { contentOf } from "../framing.ts";
import { withKernel } from "../kernelProcess.ts";
import { type LeanClient, resultText, sleep } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne } from "../measure.ts";
import { snippets } from "../snippets.ts";
import { median } from "../statistics.ts";

const rounds = 50;
const warmUp = 5;
/** The language service loads in the background; until then answers come from the live values alone. */
const settleMs = 3000;

export const completion: Measure = {
  key: "completion",
  run: (kernels) =>
    oneByOne(
      [
        { measure: `completion on an object of a cell, median of ${rounds}`, asked: "15 ms" },
        { measure: 'completion on "tf." after import "thaw"', asked: "15 ms" },
        { measure: "longest pause of a running cell with completions (without)", asked: "no delay" },
      ],
      kernels,
      (kernel) =>
        withKernel(kernel, async ({ client }) => {
          const { settings, longestPause } = snippets[kernel.language];
          await client.execute(settings);
          const onObject = await completions(client, "settings", "learningRate");
          const quiet = await pause(client, longestPause, false);
          const asked = await pause(client, longestPause, true);
          const pauses = { value: asked, text: `${asked.toFixed(0)} ms (${quiet.toFixed(0)})` };
          if (kernel.name !== "Thaw") return [onObject, undefined, pauses];
          await client.execute('import { tf } from "thaw";', { limitMs: 60_000 });
          return [onObject, await completions(client, "tf", "tensor2d"), pauses];
        }),
    ),
};

async function completions(client: LeanClient, name: string, expected: string): Promise<Figure> {
  const times: number[] = [];
  for (let i = 0; i < warmUp + rounds; i++) {
    if (i === warmUp) await sleep(settleMs);
    const code = `${"\n".repeat(i % 3)}result${i} = ${name}.`;
    const started = performance.now();
    const reply = await client.request("complete_request", { code, cursor_pos: code.length });
    const ms = performance.now() - started;
    const matches = reply === undefined ? [] : (contentOf(reply).matches as string[]);
    if (!matches.some((match) => match.endsWith(expected))) {
      return { text: `no "${expected}" among ${matches.length} matches` };
    }
    if (i >= warmUp) times.push(ms);
  }
  const value = median(times);
  return { value, text: `${value.toFixed(1)} ms` };
}

/** The cell's own measure of its longest pause, in ms, while twenty completions a second come or none. */
async function pause(client: LeanClient, code: string, disturbed: boolean): Promise<number> {
  const question = "result = settings.";
  const timer = setInterval(() => {
    if (disturbed) client.send("complete_request", { code: question, cursor_pos: question.length });
  }, 50);
  const { messages } = await client.execute(code, { untilResult: true });
  clearInterval(timer);
  return Number(resultText(messages));
}
