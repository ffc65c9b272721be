import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

const inspectCustom = "[Symbol.for('nodejs.util.inspect.custom')]";
const display = "[Symbol.for('Jupyter.display')]";
const allThrow =
  "new Proxy({}, Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, () => { throw new Error(trap) }])))";

const values: [name: string, expression: string, text: RegExp][] = [
  ["a cyclic object", "(() => { const a = { n: 1 }; a.self = a; return a })()", /\[Circular \*1\]/],
  ["a cyclic list", "(() => { const a = [1]; a.push(a); return a })()", /\[Circular \*1\]/],
  ["a throwing getter", "({ get x() { throw new Error('asked') } })", /^{ x: \[Getter\] }$/],
  ["a proxy whose traps all throw", allThrow, /^{}$/],
  [
    "a revoked proxy",
    "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()",
    /^<Revoked Proxy>$/,
  ],
  [
    "a revoked proxy of a list",
    "(() => { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return proxy })()",
    /^<Revoked Proxy>$/,
  ],
  [
    "a proxy that is everything",
    "new Proxy(function () {}, { get: (t, key) => (typeof key === 'symbol' ? undefined : () => 1) })",
    /Function/,
  ],
  ["a proxy that has every method", "new Proxy({}, { get: () => () => ({}), has: () => true })", /^$|./],
  ["an inspect that throws", `({ ${inspectCustom}() { throw new Error('no') } })`, /./],
  ["an inspect that returns an object", `({ ${inspectCustom}: () => ({ a: 1 }) })`, /^{ a: 1 }$/],
  [
    "an inspect that returns a megabyte",
    `({ ${inspectCustom}: () => 'x'.repeat(1e6) })`,
    /^x{50000}\n\.\.\. 950000 more characters$/,
  ],
  ["an inspect that is no function", `({ ${inspectCustom}: 5 })`, /5/],
  ["a tag that throws", "({ get [Symbol.toStringTag]() { throw 1 } })", /./],
  ["a constructor that throws", "({ get constructor() { throw 1 } })", /Getter/],
  ["an error whose stack throws", "Object.defineProperty(new Error('x'), 'stack', { get() { throw 1 } })", /./],
  ["an error whose message throws", "Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })", /./],
  ["an error with itself for a cause", "(() => { const e = new Error('x'); e.cause = e; return e })()", /^Error: x/],
  ["a thousand causes", "Array(1000).fill(0).reduce((cause) => new Error('x', { cause }), undefined)", /^Error: x/],
  ["a rich form that throws nothing", `({ ${display}() { throw undefined } })`, /./],
  ["a rich form that is a getter that throws", `({ get ${display}() { throw new Error('x') } })`, /Getter/],
  ["a rich form that returns itself", `(() => { const a = { a: 1, ${display}() { return a } }; return a })()`, /./],
  ["a rich form that returns a throwing proxy", `({ ${display}: () => ${allThrow} })`, /./],
  ["a rich form with a content that throws", `({ ${display}: () => ({ get 'text/html'() { throw 1 } }) })`, /./],
  ["a rich form whose JSON throws", `({ ${display}: () => ({ 'application/json': { toJSON() { throw 1 } } }) })`, /./],
  ["a rich form of numbers", `({ ${display}: () => ({ 'text/plain': 5 }) })`, /^5$/],
  ["a toBundle that returns nothing", `({ ${display}: () => ({}), toBundle: () => undefined })`, /./],
  ["a toBundle that returns nonsense", `({ ${display}: () => ({}), toBundle: () => ({ data: 5 }) })`, /./],
  [
    "shape and type without a tensor",
    "({ shape: [2, 2], dtype: 'float32', dataSync: () => undefined })",
    /Tensor \[2, 2\]/,
  ],
  ["a tensor of impossible size", "({ shape: [1e15], dtype: 'float32', size: 1e15, dataSync: () => [] })", /Tensor/],
  [
    "a tensor of a hundred axes",
    "({ shape: Array(100).fill(1), dtype: 'float32', size: 1, dataSync: () => [7] })",
    /7/,
  ],
  [
    "a tensor of twenty long axes",
    "({ shape: Array(20).fill(2), dtype: 'int32', size: 2 ** 20, dataSync: () => new Int32Array(2 ** 20) })",
    /Tensor/,
  ],
  ["a huge empty tensor", "({ dims: [1e9, 0], type: 'x', data: [] })", /Tensor/],
  [
    "a data frame that lies",
    "({ schema: { a: 1 }, height: 1e12, head: () => ({}), toRecords: () => 5 })",
    /1,000,000,000,000 rows/,
  ],
  ["a data frame that throws", "({ columnNames() { throw 1 }, numRows: () => 1, get: () => 1 })", /columnNames/],
  ["a canvas that throws", "({ toDataURL() { throw new Error('tainted') } })", /toDataURL/],
  ["a canvas that never draws an image", "({ toDataURL: () => 'data:text/html,<script>1</script>' })", /toDataURL/],
  ["a builder whose specification throws", "({ toSpec() { throw 1 } })", /toSpec/],
  ["an outerHTML that throws", "({ get outerHTML() { throw 1 } })", /Getter/],
  ["a string of ten million characters", "'x'.repeat(1e7)", /more characters/],
  ["a list of ten million", "Array(1e7).fill(1)", /9999900 more items/],
  ["a list of a billion holes", "Array(1e9)", /1000000000 empty items/],
  [
    "a hundred thousand keys",
    "Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ['k' + i, i]))",
    /99900 more keys/,
  ],
  [
    "big objects in a list",
    "Array.from({ length: 50 }, () => Object.fromEntries(Array.from({ length: 5000 }, (_, i) => ['k' + i, i])))",
    /./,
  ],
  ["a thousand levels", "Array(1000).fill(0).reduce((deep) => ({ deep }), {})", /\[Object\]/],
  [
    "a million numbers in three levels",
    "Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => Array(100).fill(1)))",
    /more items/,
  ],
  ["a map of a million", "new Map(Array.from({ length: 1e6 }, (_, i) => [i, i]))", /more items/],
  ["a set of a million", "new Set(Array.from({ length: 1e6 }, (_, i) => i))", /more items/],
  [
    "a map whose methods throw",
    "Object.assign(new Map([[1, 2]]), { entries() { throw 1 }, [Symbol.iterator]() { throw 1 } })",
    /./,
  ],
  ["rows that are proxies that throw", `[${allThrow}, ${allThrow}]`, /./],
  ["rows with hostile values", `[{ a: ${allThrow} }, { a: { ${inspectCustom}() { throw 1 } } }]`, /throws|{}/],
  ["a list whose length lies", "new Proxy([1, 2], { get: (t, key) => (key === 'length' ? 1e15 : t[key]) })", /1, 2/],
  [
    "a detached buffer",
    "(() => { const b = new ArrayBuffer(1000); structuredClone(b, { transfer: [b] }); return b })()",
    /./,
  ],
  [
    "a typed array of a detached buffer",
    "(() => { const a = new Uint8Array(1000); structuredClone(a.buffer, { transfer: [a.buffer] }); return a })()",
    /./,
  ],
  ["a false typed array", "Object.create(Uint8Array.prototype)", /./],
  ["a false error", "Object.create(Error.prototype)", /./],
  ["a false date", "Object.create(Date.prototype)", /./],
  ["an object without a prototype", "Object.create(null)", /Object: null prototype/],
  ["a prototype of proxies", `Object.create(${allThrow})`, /./],
  ["half a surrogate pair", "'\\ud800'", /./],
  ["a function whose text throws", "Object.assign(() => 1, { toString() { throw 1 } })", /Function/],
  ["a proxy of a function", "new Proxy(() => 1, { get() { throw 1 }, apply() { throw 1 } })", /Function/],
  ["a class with a throwing static", "class { static get name() { throw 1 } }", /./],
  [
    "a promise of a revoked proxy",
    "(async () => [(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()])()",
    /Revoked/,
  ],
  ["a thenable that throws", "({ then() { throw new Error('not awaited') } })", /then/],
  ["a global object", "globalThis", /Object \[global\]/],
  ["a module", "await import('node:fs')", /Module/],
  ["the process", "process", /process/],
  ["a running generator", "(function* () { yield 1 })()", /Generator/],
  ["a WeakMap", "new WeakMap()", /WeakMap/],
  ["an external thing", "new MessageChannel().port1", /MessagePort/],
];

test.each(values)("%s is shown as bounded text", async (_, expression, expected) => {
  const started = performance.now();
  const run = await client.execute(`(${expression})`);
  const ms = performance.now() - started;
  expect(errorText(run)).toBe("");
  expect(result(run) ?? "").toMatch(expected);
  const sent = run.messages.map(({ content }) => JSON.stringify(content).length);
  expect(Math.max(...sent)).toBeLessThan(150_000);
  if (ms > 500) console.log(`display: ${_}: ${ms.toFixed(0)} ms`);
});

test("the same values shown by display(), and as rows of a table, leave a kernel that answers", async () => {
  for (const [name, expression] of values) {
    const run = await client.execute(
      `{ const value = (${expression}); display(value); display([{ name: 1, value }, { name: 2, value }]); }`,
    );
    expect(errorText(run), name).toBe("");
    expect(run.messages.filter(({ header }) => header.msg_type === "display_data").length, name).toBeGreaterThanOrEqual(
      2,
    );
  }
  expect(result(await client.execute("1 + 1"))).toBe("2");
});

test("console.table prints Node's table", async () => {
  const run = await client.execute("console.table([{ a: 1 }, { a: 2 }])");
  expect(run.messages.map(({ content }) => content.text ?? "").join("")).toMatch(/│ \(index\) │ a │/);
});
