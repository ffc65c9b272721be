import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const disposed =
  "const failing = (name: string) => ({ [Symbol.dispose]() { throw new RangeError(name) } });\n{\n  using r = failing('dispose');\n  throw new TypeError('body');\n}";

test("an error in a disposal shows both errors, each with the cell's own line", async () => {
  const text = errorText(await client.execute(disposed));
  expect(text).toMatch(/^SuppressedError: An error was suppressed during disposal/);
  expect(text).toMatch(
    /\nThrown while disposing: RangeError: dispose\n {4}at .*In\[\d+\]:1:\d+\)\n> 1 \| const failing/,
  );
  expect(text).toMatch(/\nSuppressed: TypeError: body\n {4}at In\[\d+\]:4:\d+\n {2}3 \| .*\n> 4 \| {3}throw new Type/);
  expect(text).not.toMatch(/dist\/kernel|evalmachine|node:/);
});

test("using at the top of a cell fails as in a block: the cell's own error is suppressed, not lost", async () => {
  const text = errorText(
    await client.execute("using a = failing('a'), b = failing('b');\nthrow new TypeError('own');"),
  );
  expect(text).toMatch(/^SuppressedError/);
  expect(text).toMatch(
    /Thrown while disposing: RangeError: a\n[\s\S]*Suppressed: SuppressedError[\s\S]*disposing: RangeError: b/,
  );
  expect(text).toMatch(/Suppressed: TypeError: own\n/);
  expect(errorText(await client.execute("using c = failing('alone');"))).toMatch(/^RangeError: alone/);
});

test("what an error carries beside its message is shown as Node shows it", async () => {
  const text = errorText(await client.execute("import { readFileSync } from 'node:fs';\nreadFileSync('/not/there');"));
  expect(text).toMatch(
    /> 2 \| readFileSync.*\n.*\^\n\{ errno: -2, code: 'ENOENT', syscall: 'open', path: '\/not\/there' \}$/,
  );
  expect(
    errorText(await client.execute("throw Object.assign(new Error('x'), { rows: new Array(99).fill(0) })")),
  ).toContain("... 89 more items");
  expect(result(await client.execute("Object.assign(new Error('shown'), { code: 'E_X' })"))).toMatch(
    /^Error: shown\n[\s\S]*\{ code: 'E_X' \}$/,
  );
  const throws = "throw Object.defineProperty(new Error('looked at'), 'bad', { enumerable: true, get() { throw 1 } })";
  expect(errorText(await client.execute(throws))).toMatch(/^Error: looked at/);
});

test("an error class without a name of its own goes by its class", async () => {
  const run = await client.execute("class BadRow extends Error {}\nthrow new BadRow('3')");
  expect(run.reply.content).toMatchObject({ ename: "BadRow", evalue: "3" });
});

test.each([
  ["a timer", "const a = 1;\nsetTimeout(() => {\n  throw new Error('late');\n}, 1);", "Uncaught Error: late"],
  ["a rejection", "const b = 1;\n\nvoid Promise.reject(new Error('late'));", "Unhandled rejection: Error: late"],
  [
    "an async function",
    "void (async () => {\n  await 1;\n  throw new Error('late');\n})();",
    "Unhandled rejection: Error",
  ],
])("an error nobody caught in %s points to the cell's own line", async (_, code, title) => {
  const id = client.start(code);
  await client.finish(id);
  const told = () => {
    const messages = client.iopub.filter(({ parentHeader }) => parentHeader.msg_id === id);
    return printed({ messages, reply: messages[0] as never }, "stderr");
  };
  await client.until(() => told().includes("^"));
  expect(told()).toContain(title);
  expect(told()).toMatch(/In\[\d+\]:3:\d+\)?\n {2}2 \| .*\n> 3 \| .*\n {4}\| +\^/);
});

test.each<[what: string, code: string, printed: string]>([
  ["printed", "console.log(new Error('told'))", "Error: told\n    at In[N]:1:13\n"],
  [
    "printed by code that TypeScript has rewritten",
    "enum A { X }\nconst same = (f: any, _: unknown) => f;\nclass Q {\n  @same m() { return new Error('in m') }\n}\nfor (const n of [1]) { await n; console.log(new Q().m()) }",
    "Error: in m\n    at Q.m (In[N]:4:22)\n    at In[N]:6:53\n",
  ],
  [
    "read as text",
    "const read = async () => { await 1; return new Error('read').stack };\nconsole.log(await read())",
    "Error: read\n    at read (In[N]:1:44)\n    at async In[N]:2:13\n",
  ],
  [
    "read after other code has prepared one itself",
    "const mine = Error.prepareStackTrace;\nError.prepareStackTrace = (_, sites) => sites.length > 0;\nconsole.log(new Error().stack);\nError.prepareStackTrace = mine;\nconsole.log(new Error('again').stack)",
    "true\nError: again\n    at In[N]:5:13\n",
  ],
])("a stack that is %s has the cell's own places and no frame of the kernel", async (_, code, expected) => {
  expect(printed(await client.execute(code)).replace(/In\[\d+\]/g, "In[N]")).toBe(expected);
});

test("an error that another one carries has no frame of the kernel either", async () => {
  const text = errorText(await client.execute("throw Object.assign(new Error('out'), { inner: new Error('in') })"));
  expect(text).toMatch(/\{\n {2}inner: Error: in\n {6}at In\[\d+\]:1:48\n\}$/);
});
