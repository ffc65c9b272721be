/** The memory that a kernel holds while nothing runs. */
import { setTimeout as sleep } from "node:timers/promises";
import { withKernel } from "../kernelProcess.ts";
import { type Measure, oneByOne, whole } from "../measure.ts";
import { residentMegabytes } from "../processMemory.ts";
import { snippets } from "../snippets.ts";

/** A kernel gets so long to load its parts in the background and to collect the garbage of its start. */
const settleMs = 3000;

export const memory: Measure = {
  key: "memory",
  run: (kernels) =>
    oneByOne(
      [
        { measure: "resident memory after the start", asked: "150 MB" },
        { measure: "resident memory with the language service loaded", asked: "350 MB" },
      ],
      kernels,
      (kernel) =>
        withKernel(kernel, async ({ client, pid }) => {
          await sleep(settleMs);
          const atStart = residentMegabytes(pid);
          const { settings, trivial } = snippets[kernel.language];
          await client.execute(settings);
          const code = "settings.";
          await client.request("complete_request", { code, cursor_pos: code.length });
          await client.request("inspect_request", { code: "settings", cursor_pos: 3, detail_level: 0 });
          for (let n = 0; n < 10; n++) await client.execute(trivial(n));
          await sleep(settleMs);
          await client.request("complete_request", { code, cursor_pos: code.length });
          return [atStart, residentMegabytes(pid)].map((value) => ({ value, text: `${whole(value)} MB` }));
        }),
    ),
};
