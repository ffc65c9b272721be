import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, type Run, result, sleep } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

/** Display messages of a run: [type, data, metadata, display id]. */
function shown(run: Run): unknown[] {
  return run.messages
    .filter(({ header }) => header.msg_type.endsWith("display_data"))
    .map(({ header, content }) => [
      header.msg_type,
      content.data,
      content.metadata,
      (content.transient as { display_id?: string }).display_id,
    ]);
}

function resultData(run: Run): unknown {
  return run.messages.find(({ header }) => header.msg_type === "execute_result")?.content.data;
}

test("a library shows a bundle and updates it through the host, knowing nothing of the kernel", async () => {
  const run = await client.execute(`
    const host = globalThis[Symbol.for("thaw.host")];
    host.display({ data: { "text/plain": "0 %" }, metadata: { "text/plain": { a: 1 } } }, { displayId: "bar" });
    host.display({ data: { "text/plain": "100 %" } }, { displayId: "bar", update: true });
    host.display({ data: { "text/html": "<b>&</b>" } });`);
  expect(shown(run)).toEqual([
    ["display_data", { "text/plain": "0 %" }, { "text/plain": { a: 1 } }, "bar"],
    ["update_display_data", { "text/plain": "100 %" }, {}, "bar"],
    ["display_data", { "text/html": "<b>&</b>", "text/plain": "&" }, {}, undefined],
  ]);
});

test("display() shows rich values, bundles and plain ones, and its handle replaces them", async () => {
  const run = await client.execute(`
    const rich = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<i>", "text/plain": "i" }) };
    const shownAs = display(rich, { displayId: "x" });
    shownAs.update({ data: { "text/markdown": "**y**" } });
    shownAs.update({ "text/latex": "$z$" }, { raw: true });
    display({ "text/html": "<u>" }, { raw: true, displayId: "r" });
    display({ "text/html": "<u>" }, { displayId: "not raw" });
    display([1, 2], { displayId: "z" })`);
  expect(shown(run)).toEqual([
    ["display_data", { "text/html": "<i>", "text/plain": "i" }, {}, "x"],
    ["update_display_data", { "text/markdown": "**y**", "text/plain": "**y**" }, {}, "x"],
    ["update_display_data", { "text/latex": "$z$", "text/plain": "$z$" }, {}, "x"],
    ["display_data", { "text/html": "<u>", "text/plain": "HTML, 3 characters" }, {}, "r"],
    ["display_data", { "text/plain": "{ 'text/html': '<u>' }" }, {}, "not raw"],
    ["display_data", { "text/plain": "[ 1, 2 ]" }, {}, "z"],
  ]);
});

test("a rich form without text gets the text that Node would print", async () => {
  const code =
    "class Note { text = 'hi'; [Symbol.for('Jupyter.display')]() { return { 'text/html': '<b>hi</b>' }; } }\nnew Note()";
  const run = await client.execute(code);
  expect(resultData(run)).toEqual({ "text/html": "<b>hi</b>", "text/plain": "Note { text: 'hi' }" });
});

test("a rich value's toBundle() gives metadata beside the data; without the rich form it is any method", async () => {
  const run = await client.execute(`
    const bundle = { data: { "image/png": "aGk=", "text/plain": "hi" }, metadata: { "image/png": { width: 9 } } };
    const rich = { [Symbol.for("Jupyter.display")]: () => bundle.data, toBundle: () => bundle };
    display(rich);
    display({ toBundle: () => 1 });`);
  const messages = run.messages.filter(({ header }) => header.msg_type === "display_data");
  expect(messages.map(({ content }) => [content.data, content.metadata])).toEqual([
    [{ "image/png": "aGk=", "text/plain": "hi" }, { "image/png": { width: 9 } }],
    [{ "text/plain": "{ toBundle: [Function: toBundle] }" }, {}],
  ]);
});

test("displays that take time keep the places in which they were asked for, and are there before the cell ends", async () => {
  const form = (text: string, wait: string) =>
    `display({ async [Symbol.for("Jupyter.display")]() { await ${wait}; return { "text/plain": "${text}" }; } }, { displayId: "${text}" });`;
  const run = await client.execute(`
    let open; const gate = new Promise((done) => { open = done; });
    ${form("a", "gate")}
    console.log("between");
    ${form("b", "new Promise((done) => setTimeout(done, 20))")}
    display("c", { displayId: "c" });
    setTimeout(open, 200);`);
  const order = run.messages
    .filter(({ header }) => /display|stream/.test(header.msg_type))
    .map(({ header, content }) => [
      header.msg_type,
      (content.transient as { display_id?: string } | undefined)?.display_id ?? content.text,
      (content.data as Record<string, string> | undefined)?.["text/plain"],
    ]);
  expect(order).toEqual([
    ["display_data", "a", ""],
    ["stream", "between\n", undefined],
    ["display_data", "b", ""],
    ["display_data", "c", "'c'"],
    ["update_display_data", "b", "b"],
    ["update_display_data", "a", "a"],
  ]);
});

test("a slow update does not undo a later one", async () => {
  const run = await client.execute(`
    const handle = display("first", { displayId: "race" });
    handle.update(new Promise((done) => setTimeout(() => done("slow"), 40)));
    handle.update("last");`);
  expect(shown(run).map((message) => (message as [string, Record<string, string>])[1]["text/plain"])).toEqual([
    "'first'",
    "'last'",
  ]);
});

test("promises are awaited, as the last value and in display(); what they reject with is the cell's error", async () => {
  expect(result(await client.execute("Promise.resolve([1, 2])"))).toBe("[ 1, 2 ]");
  expect(result(await client.execute("new Promise((done) => setTimeout(() => done(Promise.resolve(5)), 10))"))).toBe(
    "5",
  );
  expect(result(await client.execute("Promise.resolve(undefined)"))).toBeUndefined();
  const run = await client.execute("display(new Promise((done) => setTimeout(() => done('x'), 10)))");
  expect(shown(run).map((message) => (message as unknown[])[1])).toEqual([
    { "text/plain": "" },
    { "text/plain": "'x'" },
  ]);
  expect(errorText(await client.execute("Promise.reject(new RangeError('gone'))"))).toMatch(/^RangeError: gone/);
  expect(errorText(await client.execute("display(Promise.reject(new RangeError('gone')))"))).toMatch(
    /^RangeError: gone/,
  );
});

test("a promise that rejects after its cell has ended is printed and fails no other cell", async () => {
  await client.execute(
    "setTimeout(() => display(new Promise((_, no) => setTimeout(() => no(new Error('too late')), 60))), 10)",
  );
  await sleep(40);
  const run = await client.execute("await new Promise((done) => setTimeout(done, 200)); 'next'");
  expect(result(run)).toBe("'next'");
  expect(client.iopub.some(({ content }) => /failed: Error: too late/.test(String(content.text)))).toBe(true);
});

test.each([
  [
    "throws",
    "[Symbol.for('Jupyter.display')]() { throw new Error('no picture') }",
    /rich form failed: Error: no picture/,
  ],
  [
    "rejects",
    "async [Symbol.for('Jupyter.display')]() { throw new Error('no picture') }",
    /rich form failed: Error: no picture/,
  ],
  ["returns a number", "[Symbol.for('Jupyter.display')]() { return 5 }", /no bundle of MIME types: got 5/],
  ["returns no MIME types", "[Symbol.for('Jupyter.display')]() { return { html: '<b>' } }", /got { html: '<b>' }/],
  [
    "has no JSON",
    "[Symbol.for('Jupyter.display')]() { return { 'application/json': 1n } }",
    /application\/json.*BigInt/,
  ],
  [
    "is cyclic",
    "[Symbol.for('Jupyter.display')]() { const a = {}; a.a = a; return { 'application/json': a } }",
    /circular/,
  ],
])("a rich form that %s is told on stderr, and the value is shown as text", async (_, form, note) => {
  const run = await client.execute(`({ n: 7, ${form} })`);
  expect(run.reply.content.status).toBe("ok");
  expect(result(run)).toMatch(/^\{\s+n: 7,/);
  expect(printed(run, "stderr")).toMatch(note);
  expect(printed(run, "stderr")).not.toMatch(/dist\/kernel/);
});

test("bytes in a rich form become base64, lists of lines become text, half a character is mended", async () => {
  const form = "{ 'image/png': new Uint8Array([104, 105]), 'text/html': ['<b>', '</b>'], 'text/plain': 'a\\ud800' }";
  const run = await client.execute(`({ [Symbol.for("Jupyter.display")]: () => (${form}) })`);
  expect(resultData(run)).toEqual({ "image/png": "aGk=", "text/html": "<b></b>", "text/plain": "a\ufffd" });
});

test("an interrupt stops a value that never finishes showing itself", async () => {
  const id = client.start("({ [Symbol.for('Jupyter.display')]() { for (;;); } })");
  await sleep(300);
  await client.request("interrupt_request", {}, "control");
  expect((await client.finish(id)).reply.content.ename).toBe("KernelInterrupt");
  expect(result(await client.execute("1"))).toBe("1");
});

test("the kinds of display have their own names and plain text beside them, and what a template is given is escaped in HTML", async () => {
  const run = await client.execute(`
    display.html("<b>x</b>"); display.html\`<b>\${"<i>"}</b>\`; display.markdown("# h"); display.latex\`$\\frac{1}{\${2}}$\`;
    display.svg(Buffer.from("<svg></svg>")); display.text("plain"); display.javascript("1"); display.json([1, { a: 2 }]);
    display.png(Uint8Array.of(1)); display.jpeg(Buffer.of(2)); display.gif("Aw=="); display.pdf(Uint8Array.of(4).buffer);
    display.html("later", { displayId: "own" }).update(5);`);
  expect(shown(run).map((message) => (message as unknown[])[1])).toEqual([
    { "text/html": "<b>x</b>", "text/plain": "x" },
    { "text/html": "<b>&lt;i&gt;</b>", "text/plain": "<i>" },
    { "text/markdown": "# h", "text/plain": "# h" },
    { "text/latex": "$\\frac{1}{2}$", "text/plain": "$\\frac{1}{2}$" },
    { "image/svg+xml": "<svg></svg>", "text/plain": "SVG picture" },
    { "text/plain": "plain" },
    { "text/javascript": "1", "text/plain": "JavaScript, 1 character" },
    { "application/json": [1, { a: 2 }], "text/plain": "[ 1, { a: 2 } ]" },
    { "image/png": "AQ==", "text/plain": "PNG picture, 1 byte" },
    { "image/jpeg": "Ag==", "text/plain": "JPEG picture, 1 byte" },
    { "image/gif": "Aw==", "text/plain": "GIF picture, 1 byte" },
    { "application/pdf": "BA==", "text/plain": "PDF document, 1 byte" },
    { "text/html": "later", "text/plain": "later" },
    { "text/plain": "5" },
  ]);
});

test("a kind of display that is given something else says what it takes", async () => {
  expect(errorText(await client.execute("display.png({})"))).toMatch(/image\/png is shown from bytes .* got object/);
  expect(result(await client.execute("try { display.html(5) } catch (error) { error.code }"))).toBeUndefined();
  expect(
    result(await client.execute("let code; try { display.html(5) } catch (error) { code = error.code }; code")),
  ).toBe("'BAD_DISPLAY'");
});

test("errors as values show the cell's own lines, inside other values too, and no frame of the kernel", async () => {
  const thrower = "function fail() {\n  return new RangeError('gone', { cause: new Error('why') });\n}\n";
  const whole = result(await client.execute(`${thrower}fail()`));
  expect(whole).toMatch(/^RangeError: gone\n {4}at fail \(In\[\d+\]:2:10\)\n.*> 2 \| {3}return new RangeError/s);
  expect(whole).toContain("Caused by: Error: why");
  const inside = result(await client.execute("[{ failed: Object.assign(fail(), { code: 'E1' }) }]"));
  expect(inside).toMatch(/RangeError: gone\n +at fail .*code: 'E1'/s);
  for (const text of [whole, inside]) expect(text).not.toMatch(/dist\/kernel|node:inspector|node:internal/);
});

test("an explicit bundle's bytes become base64, and what JSON cannot carry is refused", async () => {
  const run = await client.execute(
    "display({ data: { 'image/png': Uint8Array.of(1) }, metadata: { 'image/png': { width: 2 } } })",
  );
  const message = run.messages.find(({ header }) => header.msg_type === "display_data");
  expect(message?.content).toMatchObject({ data: { "image/png": "AQ==" }, metadata: { "image/png": { width: 2 } } });
  const refused = "try { display.json(1n) } catch ({ message, code, cause }) { display([message, code, cause.name]) }";
  const [, data] = shown(await client.execute(refused))[0] as [string, Record<string, string>];
  expect(data["text/plain"]).toMatch(/application\/json content .*'BAD_DISPLAY',\s+'TypeError'/s);
});

test("clearOutput says whether to wait for the next output", async () => {
  const run = await client.execute("clearOutput(); clearOutput({ wait: true })");
  const messages = run.messages.filter(({ header }) => header.msg_type === "clear_output");
  expect(messages.map(({ content }) => content)).toEqual([{ wait: false }, { wait: true }]);
});

test("user expressions give the rich form too", async () => {
  const run = await client.execute("", {
    user_expressions: { rows: "[{ a: 1 }, { a: 2 }]", later: "Promise.resolve(3)" },
  });
  const { rows, later } = run.reply.content.user_expressions as Record<string, { data: Record<string, string> }>;
  expect(Object.keys(rows?.data ?? {})).toEqual(["text/html", "text/plain"]);
  expect(later?.data).toEqual({ "text/plain": "3" });
});
