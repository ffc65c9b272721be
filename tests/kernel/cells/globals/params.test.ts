import { afterAll, beforeAll, expect, test } from "vitest";
import { createParams } from "../../../../kernel/cells/globals/params.ts";
import { Client, errorText, result } from "../../client.ts";

function given(values: Record<string, unknown>, declared: readonly string[] = []) {
  const params = createParams((name) => declared.includes(name));
  params.inject(values);
  return params;
}

test("without injected values the defaults hold", () => {
  expect(given({})({ epochs: 3, name: "a" })).toEqual({ epochs: 3, name: "a" });
});

test.each([
  [7, 3, 7],
  ["7", 3, 7],
  ["1e-5", 0.1, 1e-5],
  ["true", false, true],
  ["[1,2]", [0], [1, 2]],
  [{ a: 1 }, {}, { a: 1 }],
  [null, null, null],
  ["text", null, "text"],
])("%j for a parameter whose default is %j gives %j", (value, byDefault, expected) => {
  expect(given({ x: value })({ x: byDefault })).toEqual({ x: expected });
});

test.each([
  ["three", 3, /"x" is a number, and was given a string \("three"\)\. Give a number, as its default 3 is\./],
  ["3 epochs", 3, /is a number/],
  [1, true, /is a boolean, and was given a number \(1\)/],
  [2, "2", /is a string, and was given a number \(2\)\. Pass it as text: -r x 2/],
  [null, 3, /was given null/],
  [{}, [1], /is a list, and was given an object/],
])("%j is refused for a parameter whose default is %j", (value, byDefault, message) => {
  expect(() => given({ x: value })({ x: byDefault })).toThrow(message);
});

test.each<[value: unknown, byDefault: unknown, expected: unknown]>([
  ["9007199254740993", 0n, 9007199254740993n],
  [7, 0n, 7n],
  [" -12345678901234567890 ", 1n, -12345678901234567890n],
])("%s for a parameter whose default is a bigint is exact", (value, byDefault, expected) => {
  expect(given({ x: value })({ x: byDefault })).toEqual({ x: expected });
});

test.each([["9007199254740993"], ["-9007199254740992"], ["123456789012345678901234567890"]])(
  "%s is not rounded to a number, and the advice that is given works",
  (value) => {
    expect(() => given({ x: value })({ x: 3 })).toThrow(
      /cannot hold it exactly: make the default a bigint, such as 3n, or text/,
    );
    expect(given({ x: value })({ x: 3n })).toEqual({ x: BigInt(value) });
    expect(given({ x: value })({ x: "3" })).toEqual({ x: value });
  },
);

test("an unknown name is refused with the one that was meant, unless a cell declares it", () => {
  expect(() => given({ epcohs: 2 })({ epochs: 3, seed: 0 })).toThrow(
    'This notebook has no parameter "epcohs". Did you mean "epochs"? It has epochs, seed.',
  );
  expect(given({ other: 2 }, ["other"])({ epochs: 3 })).toEqual({ epochs: 3 });
});

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

test("in a notebook a tagged cell and params() both see what is injected", async () => {
  await client.execute("let epochs = 3\nconst name = 'base'");
  await client.execute('// Parameters\nlet epochs = 5;\nlet seed = "1";\nparams.inject({ epochs, seed });');
  expect(result(await client.execute("epochs"))).toBe("5");
  expect(result(await client.execute("const { seed, rate } = params({ seed: 0, rate: 0.1 }); [seed, rate]"))).toBe(
    "[ 1, 0.1 ]",
  );
});

test("as a cell's result parameters are a table, with their text escaped", async () => {
  const run = await client.execute('params({ seed: 0, label: "<b>" })');
  const shown = run.messages.find(({ header }) => header.msg_type === "execute_result");
  const data = shown?.content.data as Record<string, string>;
  expect(data["text/plain"]).toBe('seed   1      run\nlabel  "<b>"  default');
  expect(data["text/html"]).toContain('<td style="text-align:left">&quot;&lt;b&gt;&quot;</td>');
});

test("what no cell knows is refused when the notebook asks for its parameters", async () => {
  await client.execute("params.inject({ raet: 1 })");
  expect(errorText(await client.execute("params({ seed: 0, rate: 1 })"))).toContain('Did you mean "rate"?');
});
