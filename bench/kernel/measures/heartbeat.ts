/** Whether the kernel still seems alive while a cell blocks its main thread. */
import { withKernel } from "../kernelProcess.ts";
import { sleep } from "../leanClient.ts";
import { type Measure, oneByOne, whole } from "../measure.ts";
import { snippets } from "../snippets.ts";

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
