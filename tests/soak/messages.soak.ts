/** Goal 3: what is forged, replayed or torn is neither run nor answered, and ends nothing. Goal 2: order over 10,000 cells. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encode, Signer } from "../../kernel/protocol/wire/frames.ts";
import { newHeader } from "../../kernel/protocol/wire/message.ts";
import { Client, parentId, result } from "../kernel/client.ts";
import { disorder, violations } from "../kernel/messageSchema.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const bad = 10_000;
const runs = "globalThis.runs = (globalThis.runs ?? 0) + 1";

/** A generator of numbers below `n`, the same for the same seed: a failure can be repeated. */
function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % n;
  };
}

const request = (key: string, content: object = { code: runs }, type = "execute_request"): Uint8Array[] =>
  encode(
    { identities: [], header: newHeader(type, "x"), parentHeader: {}, content: content as never },
    new Signer(key),
  ).map((frame) => Buffer.from(frame as Uint8Array));

test("10,000 bad messages: none is run, none is answered, and the kernel goes on", async () => {
  const { key } = client.connection;
  const signer = new Signer(key);
  const random = seeded(20261124);
  const replayed = request(key);
  client.sendFrames(replayed);
  await client.until(() => client.iopub.some((message) => message.header.msg_type === "execute_input"));
  const signed = (texts: readonly string[]): Uint8Array[] => {
    const frames = texts.map((text) => Buffer.from(text));
    return [Buffer.from("<IDS|MSG>"), Buffer.from(signer.sign(frames)), ...frames];
  };
  const header = () => JSON.stringify(newHeader("execute_request", "x"));
  const makers: readonly (() => Uint8Array[])[] = [
    () => request("another key"),
    () => replayed,
    () => request(key).slice(1), // no delimiter
    () => Array.from({ length: 1 + random(8) }, () => randomBytes(random(200))),
    () => request(key).slice(0, 1 + random(5)), // torn
    () => signed([header(), "{}", "{}", `{"code":`]), // not JSON
    () => signed(["[]", "{}", "{}", `{"code":"${runs}"}`]),
    () => signed([`{"msg_id":1,"msg_type":"execute_request"}`, "{}", "{}", `{"code":"${runs}"}`]),
    () => signed([header(), "{}", "{}", `["${runs}"]`]),
    () => signed([header(), "1", "{}", `{"code":"${runs}"}`]),
    () => signed([header(), "{}", "null", `{"code":"${runs}"}`]),
    () => request(key).with(1 + random(5), randomBytes(64)), // one frame exchanged
    () => request(key).map((frame, i) => (i === 1 ? flipped(frame, random(64)) : frame)),
    () => request(key, { code: runs }, `no_such_${random(1000)}`),
  ];
  const channels = ["shell", "control", "stdin"] as const;
  for (let i = 0; i < bad - 1; i++) {
    const make = makers[i % makers.length] as () => Uint8Array[];
    client.sendFrames(make(), channels[random(3)]);
    if (i % 200 === 0) await client.request("kernel_info_request", {}); // keeps what is on its way small
  }
  client.sendFrames([
    Buffer.from("<IDS|MSG>"),
    Buffer.alloc(64, "0"),
    ...Array.from({ length: 4 }, () => Buffer.alloc(16_000_000, "1")),
  ]);
  for (const channel of ["shell", "control"] as const) {
    expect((await client.request("kernel_info_request", {}, channel)).content.status).toBe("ok");
  }
  expect(result(await client.execute("runs"))).toBe("1");
  const children = client.iopub.filter(({ parentHeader }) => parentHeader.session === "x");
  expect(children.filter(({ header }) => header.msg_type === "execute_input")).toHaveLength(1);
  expect(client.log).not.toMatch(/[0-9a-f]{64}/);
  console.log(
    `messages: ${bad} bad ones: 0 run, 0 answered; the kernel's log has ${client.log.split("\n").length} lines`,
  );
});

function flipped(frame: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(frame);
  copy[at] = copy[at] === 48 ? 49 : 48; // another hexadecimal digit
  return copy;
}

test("10,000 queued cells run in order, each from busy to idle, and every message fits the schema", async () => {
  const cells = 10_000;
  client.iopub.length = 0;
  const started = performance.now();
  const ids: string[] = [];
  for (let i = 0; i < cells; i++) {
    ids.push(client.start(i % 10 === 0 ? `console.log(${i}); display(${i}); ${i}` : `${i}`));
    if (i % 500 === 499) await new Promise((resolve) => setImmediate(resolve));
  }
  await client.finish(String(ids.at(-1)), 600_000);
  const seconds = (performance.now() - started) / 1000;
  expect(disorder(client.iopub)).toEqual([]);
  expect(client.iopub.flatMap(violations)).toEqual([]);
  const inputs = client.iopub.filter(({ header }) => header.msg_type === "execute_input").map(parentId);
  expect(inputs).toEqual(ids);
  for (const id of [ids[0], ids[5000], ids.at(-1)]) expect((await client.reply(String(id))).content.status).toBe("ok");
  console.log(
    `messages: ${cells} queued cells in ${seconds.toFixed(1)} s, ${client.iopub.length} messages, all in order and valid`,
  );
});

test("of cells that run in a row the newest are checked for type errors, and no more than can be waited for", async () => {
  const cells = 1000;
  const ids = Array.from({ length: cells }, (_, i) => client.start(`{ const n: number = "${i}"; }`));
  await client.finish(String(ids.at(-1)), 600_000);
  const warned = () => {
    const parents = client.iopub.filter(({ content }) => content.name === "stderr").map(parentId);
    return ids.filter((id) => parents.includes(id));
  };
  await client.until(() => warned().includes(String(ids.at(-1))), 600_000, "the last check");
  console.log(`messages: ${warned().length} of ${cells} cells in a row were checked`);
  expect(warned()).toEqual(expect.arrayContaining(ids.slice(-500)));
  expect(warned().length).toBeLessThan(cells); // a pause on a busy machine lets some of the first be checked
});
