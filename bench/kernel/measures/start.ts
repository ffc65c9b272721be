/** From spawn to the first answer, with the kernels taking turns so that a busy moment meets all of them. */
import { KernelProcess } from "../kernelProcess.ts";
import type { Measure } from "../measure.ts";
import { median } from "../statistics.ts";

const rounds = 5;

export const start: Measure = {
  key: "start",
  withEcho: true,
  async run(kernels) {
    const times: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
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
    const measure = `spawn to kernel_info_reply, median of ${rounds}`;
    return [{ measure, asked: "0.20 s", figures: Object.fromEntries(figures) }];
  },
};
