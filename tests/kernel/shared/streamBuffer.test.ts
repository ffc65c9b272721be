import { expect, test } from "vitest";
import { StreamBuffer } from "../../../kernel/shared/streamBuffer.ts";
import { sleep } from "../client.ts";

test("text is gathered by cell and stream, and never changes its order", () => {
  const sent: unknown[] = [];
  const buffer = new StreamBuffer((...message) => sent.push(message));
  buffer.add(1, "stdout", "a");
  buffer.add(1, "stdout", "b");
  buffer.add(1, "stderr", "c");
  buffer.add(2, "stderr", "d");
  buffer.flush();
  buffer.flush();
  expect(sent).toEqual([
    [1, "stdout", "ab"],
    [1, "stderr", "c"],
    [2, "stderr", "d"],
  ]);
});

test("a flood of text is some twenty messages a second, and the first is not kept waiting", async () => {
  const times: number[] = [];
  let length = 0;
  const buffer = new StreamBuffer((_cell, _name, text) => {
    times.push(performance.now());
    length += text.length;
  });
  const started = performance.now();
  let added = 0;
  while (performance.now() - started < 1000) {
    for (let i = 0; i < 50; i++, added++) buffer.add(1, "stdout", "x");
    await sleep(1);
  }
  buffer.flush();
  console.log(
    `streams: ${times.length} messages in a second of flood, the first after ${(times[0] as number) - started} ms`,
  );
  expect(length).toBe(added);
  expect(times.length).toBeLessThanOrEqual(21);
});

test("a great deal of text does not wait for its time", () => {
  const sent: number[] = [];
  const buffer = new StreamBuffer((_cell, _name, text) => sent.push(text.length));
  for (let i = 0; i < 25; i++) buffer.add(1, "stdout", "x".repeat(100_000));
  buffer.flush();
  expect(sent).toEqual([1_000_000, 1_000_000, 500_000]);
});
