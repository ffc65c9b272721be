/** Interrupting a cell of a real kernel, and what can be seen of it. */
import { type Client, type Run, sleep } from "../../client.ts";

export interface Stopped {
  readonly run: Run;
  /** Milliseconds from the first request to the cell's reply. */
  readonly tookMs: number;
  /** What any cell printed or showed after the interrupted one was idle. */
  readonly late: readonly string[];
}

/** Starts `code`, interrupts it `times` times after `afterMs`, and watches for another `watchMs` what comes. */
export async function stop(
  client: Client,
  code: string,
  { afterMs = 150, times = 1, watchMs = 120 }: { afterMs?: number; times?: number; watchMs?: number } = {},
): Promise<Stopped> {
  const id = client.start(code);
  await sleep(afterMs);
  const asked = performance.now();
  for (let time = 0; time < times; time++) await client.request("interrupt_request", {}, "control");
  const run = await client.finish(id);
  const tookMs = performance.now() - asked;
  const seen = client.iopub.length;
  await sleep(watchMs);
  const late = client.iopub.slice(seen).map(({ header }) => header.msg_type);
  return { run, tookMs, late: late.filter((type) => type !== "status") };
}
