import { expect, test } from "vitest";
import { Signer } from "../../../../kernel/protocol/wire/signature.ts";

const frames = ["{}", "{}", "{}", "{}"].map((text) => Buffer.from(text));

// python: hmac.new(b"secret", b"{}{}{}{}", "sha256").hexdigest()
const golden = "34982f0bfec60e7b933ffde06c1ecab0fba073717a95ab943d1dd06f82c2d5e4";

test("signs as Python's hmac does", () => {
  expect(new Signer("secret").sign(frames)).toBe(golden);
});

test("accepts a right signature once", () => {
  const signer = new Signer("secret");
  expect(signer.accept(Buffer.from(golden), frames)).toBe(true);
  expect(signer.accept(Buffer.from(golden), frames)).toBe(false);
});

test.each(["", "0".repeat(64), golden.slice(1), golden.toUpperCase()])("refuses the signature %j", (signature) => {
  expect(new Signer("secret").accept(Buffer.from(signature), frames)).toBe(false);
});

test("an empty key means no signatures at all", () => {
  const signer = new Signer("");
  expect(signer.sign(frames)).toBe("");
  expect(signer.accept(Buffer.from("anything"), frames)).toBe(true);
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
