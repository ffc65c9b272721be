/** Whether text is found under the cell, and an error on the line, where it belongs. */

import { type Arrival, contentOf } from "../framing.ts";
import { type KernelProcess, withKernel } from "../kernelProcess.ts";
import { type LeanClient, printedText, sleep } from "../leanClient.ts";
import { type Figure, type Measure, oneByOne } from "../measure.ts";
import { snippets } from "../snippets.ts";

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

/** Everything on iopub from now on. */
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
