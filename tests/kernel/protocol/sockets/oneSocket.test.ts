import { expect, test } from "vitest";
import { SendQueue } from "../../../../kernel/protocol/sockets/oneSocket.ts";
import { envelope } from "../../../../kernel/shared/backpressure.ts";

/** Takes messages as ZeroMQ does: one at a time, some of them failing. */
class Recorder {
  readonly sent: string[] = [];
  #busy = false;

  async send(frames: Uint8Array[]): Promise<void> {
    if (this.#busy) throw new Error("a second send at once");
    this.#busy = true;
    await null;
    this.#busy = false;
    const text = String(frames[0]);
    if (text.startsWith("bad")) throw new Error(text);
    this.sent.push(text);
  }
}

test("2,000 messages go out in order, with turns of the event loop between", async () => {
  const recorder = new Recorder();
  let emptied = 0;
  const queue = new SendQueue(
    recorder,
    (error) => expect.unreachable(String(error)),
    () => emptied++,
  );
  let turns = 0;
  const ticking = setInterval(() => turns++, 0);
  for (let i = 0; i < 2000; i++) queue.push([Buffer.from(`m${i}`)]);
  expect(queue.weight).toBe(2000 * envelope + Array.from({ length: 2000 }, (_, i) => `m${i}`).join("").length);
  await queue.drained();
  clearInterval(ticking);
  expect(recorder.sent).toEqual(Array.from({ length: 2000 }, (_, i) => `m${i}`));
  expect([queue.weight, emptied]).toEqual([0, 1]);
  expect(turns).toBeGreaterThan(0);
});

test("a send that fails is told to whoever pushed it, or to all, and stops nothing", async () => {
  const recorder = new Recorder();
  const heard: string[] = [];
  const queue = new SendQueue(recorder, (error) => heard.push(`all: ${String(error)}`));
  queue.push([Buffer.from("bad 1")], (error) => heard.push(`own: ${String(error)}`));
  queue.push([Buffer.from("bad 2")]);
  queue.push([Buffer.from("good")]);
  await queue.drained();
  expect(heard).toEqual(["own: Error: bad 1", "all: Error: bad 2"]);
  expect(recorder.sent).toEqual(["good"]);
});
