import { afterEach, expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { Publisher } from "../../../../kernel/protocol/sockets/publisher.ts";
import { freeConnection, sleep } from "../../client.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function publisher(greet: (topic: Uint8Array) => Uint8Array[]) {
  const { iopub_port } = await freeConnection("key");
  const address = `tcp://127.0.0.1:${iopub_port}`;
  const made = new Publisher();
  open.push(made);
  await made.open(address, greet);
  return { made, address };
}

function subscriber(address: string, topic = "", options = {}): Subscriber {
  const made = new Subscriber({ linger: 0, receiveTimeout: 5000, ...options });
  open.push(made);
  made.subscribe(topic);
  made.connect(address);
  return made;
}

test("every subscriber is greeted before it gets anything else, also the second with the same topic", async () => {
  const { made, address } = await publisher((topic) => [Buffer.from(topic), Buffer.from("welcome")]);
  const publishing = setInterval(() => void made.send([Buffer.from("topic"), Buffer.from("news")]), 1);
  for (const topic of ["", "", "to"]) {
    const [first, second] = await subscriber(address, topic).receive();
    expect([String(first), String(second)]).toEqual([topic, "welcome"]);
  }
  clearInterval(publishing);
});

test("a subscriber that reads slowly gets every message", async () => {
  let subscribed = false;
  const { made, address } = await publisher(() => {
    subscribed = true;
    return [Buffer.from("welcome")];
  });
  const slow = subscriber(address, "", { receiveHighWaterMark: 1 });
  while (!subscribed) await sleep(5);
  const count = 3000;
  const body = Buffer.alloc(10_000, 1);
  const sent = (async () => {
    for (let i = 0; i < count; i++) await made.send([Buffer.from(String(i)), body]);
  })();
  expect(String((await slow.receive())[0])).toBe("welcome");
  for (let i = 0; i < count; i++) {
    if (i === 10) await sleep(300);
    expect(String((await slow.receive())[0])).toBe(String(i));
  }
  await sent;
});

test("a subscriber that stands still is done without, and the others get their messages", async () => {
  let subscribed = 0;
  const { made, address } = await publisher(() => {
    subscribed++;
    return [Buffer.from("welcome")];
  });
  subscriber(address, "", { receiveHighWaterMark: 1 }); // never read
  const reader = subscriber(address, "last");
  while (subscribed < 2) await sleep(5);
  const body = Buffer.alloc(100_000, 1);
  const started = performance.now();
  for (let i = 0; i < 1000; i++) await made.send([Buffer.from("flood"), body]);
  await made.send([Buffer.from("last")]);
  expect(String((await reader.receive())[0])).toBe("last");
  console.log(`publisher: waited ${(performance.now() - started).toFixed(0)} ms for a subscriber that stands still`);
});
