/** What comes over the sockets from anybody: each exception costs one message, and never the kernel. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Dealer, Subscriber } from "zeromq";
import { Sockets } from "../../../../kernel/protocol/sockets/sockets.ts";
import { encode, Signer } from "../../../../kernel/protocol/wire/frames.ts";
import { newHeader } from "../../../../kernel/protocol/wire/message.ts";
import { Client, freeConnection, result } from "../../client.ts";
import { endUnder, floods } from "../../restarts.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  expect(await client.stop()).toBe(0);
  expect(client.log).not.toContain("unexpected");
});

const lives = async () => expect(result(await client.execute("6 * 7"))).toBe("42");

/** What a peer of ZeroMQ says before its first message: its greeting, and which kind of socket it is. */
function greeting(kind: string): Buffer {
  const signature = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
  const mechanism = Buffer.concat([Buffer.from("NULL"), Buffer.alloc(64 - 12 - 4)]);
  const property = Buffer.concat([Buffer.from("\x0bSocket-Type\0\0\0"), Buffer.from([kind.length]), Buffer.from(kind)]);
  const ready = Buffer.concat([Buffer.from("\x05READY"), property]);
  return Buffer.concat([signature, mechanism, Buffer.from([4, ready.length]), ready]);
}

test.each([
  ["shell", "DEALER", 2.2e9],
  ["control", "DEALER", 2 ** 28 + 1],
  ["stdin", "DEALER", 2 ** 62],
  ["iopub", "SUB", 2 ** 17],
  ["hb", "REQ", 2000],
] as const)(
  "a peer on %s that announces a part of a message larger than is taken is disconnected",
  async (name, kind, size) => {
    const socket = connect(client.connection[`${name}_port`], "127.0.0.1");
    const closed = once(socket, "close");
    socket.on("error", () => {});
    socket.resume();
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(size));
    socket.write(greeting(kind));
    socket.write(Buffer.concat([Buffer.from([2]), length, Buffer.alloc(1000)]));
    await closed;
    await lives();
  },
);

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
/** The four signed frames of a request, one of them replaced. */
function signedWith(at: number, text: string, type = "execute_request", content = '{"code":"1"}'): Uint8Array[] {
  const texts = [JSON.stringify(newHeader(type, "x")), "{}", "{}", content].with(at, text);
  const signed = texts.map((each) => Buffer.from(each));
  return [Buffer.from("<IDS|MSG>"), Buffer.from(new Signer(client.connection.key).sign(signed)), ...signed];
}

test.each([
  ["a header", 0, `{"msg_id":"1","msg_type":"execute_request","x":${deep(100_000)}}`],
  ["a parent's header", 1, `{"msg_id":"1","msg_type":"x","y":${deep(100_000)}}`],
  ["metadata", 2, deep(1_000_000)],
  ["content", 3, `{"code":"1","user_expressions":${deep(2000)}}`],
])("%s nested without end is refused before it is parsed", async (_, at, text) => {
  for (const channel of ["shell", "control", "stdin"] as const) client.sendFrames(signedWith(at, text), channel);
  await lives();
  expect(client.log).toContain("ignored: nested too deep");
});

test("what is nested as deep as is taken goes through the kernel, to cells too, and comes back cut", async () => {
  await client.execute(
    "const seen = []; Jupyter.comms.registerTarget('deep', (comm, { data, metadata }) => { seen.push(JSON.stringify([data, metadata]).length); comm.send(data); })",
  );
  client.sendFrames(signedWith(2, deep(900), "comm_open", `{"comm_id":"d","target_name":"deep","data":${deep(900)}}`));
  await client.until(() => client.iopub.some(({ header }) => header.msg_type === "comm_msg"), 20_000, "the echo");
  expect(JSON.stringify(client.iopub.find(({ header }) => header.msg_type === "comm_msg")?.content)).toContain(
    "nested more than",
  );
  client.sendFrames(
    signedWith(0, JSON.stringify({ ...newHeader("kernel_info_request", "nested"), odd: JSON.parse(deep(900)) })),
  );
  await client.until(
    () => client.iopub.some(({ parentHeader }) => parentHeader.session === "nested"),
    20_000,
    "an answer",
  );
  await lives();
});

test("a JSON frame longer than is read is refused unread, and a long one is answered", async () => {
  client.sendFrames(signedWith(3, `{"code":"${"1".repeat(2 ** 26)}"}`));
  client.sendFrames(signedWith(2, `{"a":"${"x".repeat(1e6)}"}`, "kernel_info_request", "{}"));
  await lives();
  expect(client.log).toContain("ignored: too long");
});

test("subscriptions of any bytes are answered with a welcome, and none disturbs the others", async () => {
  const topics = [Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(60_000, "t"), Buffer.from("kernel.")];
  for (const topic of topics) {
    const socket = new Subscriber({ linger: 0, receiveTimeout: 5000 });
    socket.subscribe(topic);
    socket.connect(`tcp://127.0.0.1:${client.connection.iopub_port}`);
    const [first, , , header] = await socket.receive();
    expect([first?.equals(topic), JSON.parse(String(header)).msg_type]).toEqual([true, "iopub_welcome"]);
    socket.close();
  }
  await lives();
});

test("a reply that cannot be made into frames is an error as reply, output that cannot is left out, and the next is sent", async () => {
  const connection = await freeConnection("key");
  const signer = new Signer("key");
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const sockets = new Sockets(connection, {
    receive: (channel, { identities, header: parentHeader }) => {
      const make = (type: string, content: object) =>
        sockets.send(channel, { identities, header: newHeader(type, "s"), parentHeader, content: content as never });
      make("stream", cyclic);
      make("history_reply", { history: [1n] });
      make("comm_info_reply", { status: "ok" });
      if (parentHeader.msg_type === "throws") throw new Error("of a handler");
    },
    subscribed: () => {
      throw new Error("of a greeting");
    },
    published: () => {},
  });
  await sockets.open();
  const peer = new Dealer({ linger: 0, receiveTimeout: 5000 });
  const subscriber = new Subscriber({ linger: 0 });
  subscriber.subscribe();
  subscriber.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
  peer.connect(`tcp://127.0.0.1:${connection.shell_port}`);
  for (const type of ["throws", "again"]) {
    await peer.send(encode({ identities: [], header: newHeader(type, "x"), parentHeader: {}, content: {} }, signer));
    const replies = [await peer.receive(), await peer.receive()].map((frames) =>
      frames.slice(-4).map((frame) => JSON.parse(String(frame))),
    );
    expect(replies.map(([header, , , content]) => [header.msg_type, content.status])).toEqual([
      ["history_reply", "error"],
      ["comm_info_reply", "ok"],
    ]);
  }
  await sockets.close();
  for (const socket of [peer, subscriber]) socket.close();
});

test.each(floods)("a kernel that ends under a flood of %s ends with code 0", async (flood) => {
  expect(await endUnder(flood, 3)).toMatchObject({ exits: [0, 0, 0] });
});
