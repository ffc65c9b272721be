import { expect, test } from "vitest";
import { decode, encode, Signer } from "../../../../kernel/protocol/wire/frames.ts";
import { newHeader } from "../../../../kernel/protocol/wire/message.ts";

const message = {
  identities: [Buffer.from([0, 1, 2])],
  header: newHeader("execute_request", "session"),
  parentHeader: {},
  content: { code: "'é𝄞'" },
  buffers: [Buffer.from([255, 0])],
};
const delimiter = Buffer.from("<IDS|MSG>");
/** As they arrive. */
const frames = () => encode(message, new Signer("key")).map((frame) => Buffer.from(frame as Uint8Array));

test("what is encoded is decoded, with identities and buffers", () => {
  expect(decode(frames(), new Signer("key"))).toEqual({ ...message, metadata: {} });
});

test("of what is sent only buffers are buffers: text ZeroMQ copies, and frees by itself", () => {
  const kinds = encode(message, new Signer("key")).map((frame) => typeof frame);
  expect(kinds).toEqual(["object", "string", "string", "string", "string", "string", "string", "object"]);
});

test("content given as JSON text is sent as it is", () => {
  const sent = encode({ ...message, content: '{"a":1e2}' }, new Signer("key"));
  expect(String(sent[6])).toBe('{"a":1e2}');
});

test.each<[string, (frames: Uint8Array[]) => Uint8Array[], string]>([
  ["no delimiter", (all) => all.slice(2), "no delimiter"],
  ["a missing frame", (all) => all.slice(0, 5), "too few frames"],
  ["a changed content", (all) => all.with(6, Buffer.from("{}")), "bad signature or replay"],
  ["a signature of another length", (all) => all.with(2, Buffer.from("00")), "bad signature or replay"],
  ["no frames", () => [], "no delimiter"],
  ["a delimiter and nothing behind it", (all) => all.slice(0, 2), "too few frames"],
])("%s is refused", (_, damage, refusal) => {
  expect(decode(damage(frames()), new Signer("key"))).toBe(refusal);
});

test.each([
  ["not JSON", ["{", "{}", "{}", "{}"], "not JSON"],
  ["a header without a type", ['{"msg_id":"1"}', "{}", "{}", "{}"], "not a message"],
  ["a header without an id", ['{"msg_type":"a"}', "{}", "{}", "{}"], "not a message"],
  ["a header that is a text", ['"header"', "{}", "{}", "{}"], "not a message"],
  ["a header that is null", ["null", "{}", "{}", "{}"], "not a message"],
  ["metadata that are a number", ['{"msg_id":"1","msg_type":"a"}', "{}", "1", "{}"], "not a message"],
  ["a parent that is null", ['{"msg_id":"1","msg_type":"a"}', "null", "{}", "{}"], "not a message"],
  ["one frame that nests too deep", ['{"msg_id":"1","msg_type":"a"}', "{}", "{}", "[".repeat(3000)], "nested too deep"],
  ["content that is a list", ['{"msg_id":"1","msg_type":"a"}', "{}", "{}", "[]"], "not a message"],
])("%s is refused after its signature was found right", (_, texts, refusal) => {
  const signer = new Signer("key");
  const signed = texts.map((text) => Buffer.from(text));
  const all = [delimiter, Buffer.from(signer.sign(signed)), ...signed];
  expect(decode(all, new Signer("key"))).toBe(refusal);
});

test("a frame is read up to the given length, and refused beyond it before anything else is looked at", () => {
  const signed = ['{"msg_id":"1","msg_type":"a"}', "{}", "{}", '{"text":"0123456789"}'].map((text) =>
    Buffer.from(text),
  );
  const longest = Math.max(...signed.map((frame) => frame.byteLength));
  const all = [delimiter, Buffer.from(new Signer("key").sign(signed)), ...signed];
  expect(decode(all, new Signer("key"), longest)).toMatchObject({ content: { text: "0123456789" } });
  expect(decode(all, new Signer("key"), longest - 1)).toBe("too long");
});

test("a parent without an id is no parent", () => {
  const signed = ['{"msg_id":"1","msg_type":"a"}', '{"msg_type":"b"}', "{}", "{}"].map((text) => Buffer.from(text));
  const all = [delimiter, Buffer.from(new Signer("key").sign(signed)), ...signed];
  expect(decode(all, new Signer("key"))).toMatchObject({ parentHeader: {} });
});

const jsonFrames = ["{}", "{}", "{}", "{}"].map((text) => Buffer.from(text));

// python: hmac.new(b"secret", b"{}{}{}{}", "sha256").hexdigest()
const golden = "34982f0bfec60e7b933ffde06c1ecab0fba073717a95ab943d1dd06f82c2d5e4";

test("signs as Python's hmac does", () => {
  expect(new Signer("secret").sign(jsonFrames)).toBe(golden);
});

test("accepts a right signature once", () => {
  const signer = new Signer("secret");
  expect(signer.accept(Buffer.from(golden), jsonFrames)).toBe(true);
  expect(signer.accept(Buffer.from(golden), jsonFrames)).toBe(false);
});

test.each(["", "0".repeat(64), golden.slice(1), golden.toUpperCase()])("refuses the signature %j", (signature) => {
  expect(new Signer("secret").accept(Buffer.from(signature), jsonFrames)).toBe(false);
});

test("an empty key means no signatures at all", () => {
  const signer = new Signer("");
  expect(signer.sign(jsonFrames)).toBe("");
  expect(signer.accept(Buffer.from("anything"), jsonFrames)).toBe(true);
});

test("the newest 65,536 messages are remembered, at a cost that does not grow", () => {
  const signer = new Signer("secret");
  const accepts = (n: number) => {
    const signed = [Buffer.from(String(n))];
    return signer.accept(Buffer.from(signer.sign(signed)), signed);
  };
  const started = performance.now();
  const refused = Array.from({ length: 70_000 }, (_, n) => n).filter((n) => !accepts(n));
  expect(refused).toEqual([]);
  console.log(`signature: 70,000 messages accepted in ${(performance.now() - started).toFixed(0)} ms`);
  expect([accepts(69_999), accepts(70_000 - 65_536)]).toEqual([false, false]);
  expect(accepts(0)).toBe(true);
});
