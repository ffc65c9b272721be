/** Signed requests one after the other: the protocol without a cell. */
import { withKernel } from "../kernelProcess.ts";
import { type Measure, oneByOne, whole } from "../measure.ts";
import { quantile } from "../statistics.ts";

const warmUp = 100;

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
        for (let i = 0; i < warmUp + count; i++) {
          const started = performance.now();
          const reply = await client.request("kernel_info_request", {});
          if (reply === undefined) throw new Error(`request ${i} got no answer`);
          if (i >= warmUp) times.push(performance.now() - started);
        }
        const value = count / (times.reduce((sum, ms) => sum + ms, 0) / 1000);
        return [{ value, text: `${whole(value)}/s (${quantile(times, 0.99).toFixed(1)} ms)` }];
      }),
    );
  },
};
