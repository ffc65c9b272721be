import { afterAll, expect, test } from "vitest";
import { Client, printed, type Run, result, sleep } from "./client.ts";
import { hostileCells } from "./hostileCells.ts";

let client: Client | undefined;
afterAll(async () => {
  await client?.stop();
});

test.each(hostileCells)(
  "a cell that $what does not take the kernel with it",
  async ({ code, laterMs = 30, spoils, told }) => {
    client ??= await Client.start();
    const kernel = client;
    const run = await kernel.execute(code);
    await sleep(laterMs);
    const next = await kernel.execute("6 * 7");
    if (spoils) {
      client = undefined;
      await kernel.stop();
    }
    expect(result(next)).toBe("42");
    if (told !== undefined) expect(everything(kernel, run)).toMatch(told);
  },
);

/** All that was printed, shown or reported under the cell of `run`. */
function everything(kernel: Client, run: Run): string {
  const { msg_id } = run.reply.parentHeader;
  const messages = kernel.iopub.filter(({ parentHeader }) => parentHeader.msg_id === msg_id);
  const shown = messages.filter(({ header }) => /error|execute_result/.test(header.msg_type));
  const streams = ["stdout", "stderr"].map((name) => printed({ ...run, messages }, name));
  return [...streams, ...shown.map(({ content }) => JSON.stringify(content))].join("\n").slice(0, 100_000);
}
