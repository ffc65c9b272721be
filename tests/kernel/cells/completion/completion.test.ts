import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  await client.execute("const shelf = { books: [1], get trap() { throw new Error('read') } }; let shell = 1;");
});
afterAll(async () => {
  await client.stop();
});

async function complete(code: string, cursor = Array.from(code).length) {
  return (await client.request("complete_request", { code, cursor_pos: cursor })).content as {
    matches: string[];
    cursor_start: number;
    cursor_end: number;
  };
}

test.each<[code: string, includes: string[]]>([
  ["shelf.", ["books", "trap"]],
  ["shelf.books.ma", ["map"]],
  ["shelf.books[0].toF", ["toFixed"]],
  ["shelf?.bo", ["books"]],
  ["'text'.toUpp", ["toUpperCase"]],
  ["she", ["shelf", "shell"]],
  ["Math.sq", ["sqrt"]],
  ["cons", ["console", "const"]],
])("%s offers %j", async (code, expected) => {
  expect((await complete(code)).matches).toEqual(expect.arrayContaining(expected));
});

test("files, which strings name, are completed where the kernel works; magics are completed and explained", async () => {
  const file = "const text = readFileSync('./package.js";
  const { matches, cursor_start } = await complete(file);
  expect([matches, file.slice(0, cursor_start)]).toEqual([["package.json"], "const text = readFileSync('./"]);
  await client.execute("%cd tests");
  expect((await complete("open('../tsc")).matches).toContain("tsconfig.json");
  await client.execute("%cd -");
  expect((await complete("%time")).matches).toEqual(["%time", "%timeit"]);
  const { content } = await client.request("inspect_request", { code: "%timeit 1", cursor_pos: 3, detail_level: 0 });
  expect((content.data as Record<string, string>)["text/plain"]).toContain("mean and standard deviation");
});

test("a receiver that would have to be called is not", async () => {
  await client.execute("let calls = 0; const count = () => { calls++; return { a: 1 } }");
  expect([[], ["a"]]).toContainEqual((await complete("count().")).matches); // once the types are known, they say it
  expect((await complete("shelf.trap.")).matches).toEqual([]);
  expect(
    (await client.request("inspect_request", { code: "calls", cursor_pos: 5, detail_level: 0 })).content,
  ).toMatchObject({
    found: true,
    data: { "text/plain": expect.stringMatching(/calls: number\n+(value: )?0$/) }, // the second form once the types are known
  });
});

test("members of a million elements are at hand, and no one waits for their indexes", async () => {
  await client.execute("const many = new Float32Array(1e6); const list = new Array(1e6).fill(0); list.extra = 1;");
  const asked = performance.now();
  expect((await complete("many.fi")).matches).toEqual(expect.arrayContaining(["fill", "find"]));
  expect((await complete("list.")).matches).toEqual(expect.arrayContaining(["extra", "map"]));
  await client.execute("1"); // comes after what the completions ask of the main thread
  const ms = performance.now() - asked;
  console.log(`kernel: completions on a million elements, and a cell: ${ms.toFixed(0)} ms`);
  expect(ms).toBeLessThan(5000);
});

test("what a proxy has is not asked for, nor what is behind one", async () => {
  await client.execute(
    "let traps = 0; const behind = Object.create(new Proxy({}, { ownKeys: () => { traps++; return []; } })); behind.own = 1;",
  );
  expect((await complete("behind.")).matches).toContain("own");
  const { content } = await client.request("inspect_request", { code: "traps", cursor_pos: 5, detail_level: 0 });
  expect(content.data).toMatchObject({ "text/plain": expect.stringMatching(/traps: number\n+(value: )?0$/) });
});

test("a tooltip names a proxy as such and runs none of its traps", async () => {
  await client.execute(
    "const seen: any[] = []; const guard = new Proxy({}, { get: (_: any, trap: any) => (target: any, key: any) => { seen.push([trap, key]); return Reflect[trap](target, key); } });",
  );
  await client.execute("globalThis['prox' + 'ied'] = new Proxy({ a: 1 }, guard as any); 1"); // a name without a type
  const { content } = await client.request("inspect_request", { code: "proxied", cursor_pos: 7, detail_level: 0 });
  expect(content.data).toMatchObject({ "text/plain": "proxied: Proxy\n{ a: 1 }" });
  expect(result(await client.execute("seen"))).toBe("[]");
});

test("positions are code points", async () => {
  expect(await complete("'𝄞𝄞'; Math.sq")).toMatchObject({ matches: ["sqrt"], cursor_start: 11, cursor_end: 13 });
});

test("an unknown name has nothing to inspect", async () => {
  const { content } = await client.request("inspect_request", { code: "nowhere", cursor_pos: 3, detail_level: 0 });
  expect(content).toEqual({ status: "ok", found: false, data: {}, metadata: {} });
});
