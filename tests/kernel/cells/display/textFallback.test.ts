import { afterAll, beforeAll, expect, test } from "vitest";
import { withText } from "../../../../kernel/cells/display/textFallback.ts";
import { Client, errorText, printed } from "../../client.ts";

const textOf = (data: Record<string, unknown>) => withText(data)["text/plain"];

test("a text that is given stays, and data that shows nothing has an empty one", () => {
  expect(withText({ "text/html": "<b>x</b>", "text/plain": "mine" })).toEqual({
    "text/html": "<b>x</b>",
    "text/plain": "mine",
  });
  expect(withText({})).toEqual({ "text/plain": "" });
});

test.each<[kind: string, html: string, text: string]>([
  [
    "blocks and line breaks are lines",
    "<h1>Loss</h1><p>It <b>fell</b>\n to&nbsp;0.1<br>at last</p>",
    "Loss\nIt fell to 0.1\nat last",
  ],
  [
    "rows of a table are lines",
    "<table>\n  <tr><th>a</th><th>b</th></tr>\n  <tr><td>1</td><td>2 &lt; 3</td></tr></table>",
    "a  b\n1  2 < 3",
  ],
  [
    "styles, scripts, comments and frames are no text",
    "<style>p { x: y }</style><!-- no --><script>if (a<b) f('</b>')</script >seen<iframe srcdoc='<b>hidden'>inside</iframe>!",
    "seen!",
  ],
  [
    "a picture is its alternative text",
    `<p>before <img src="x.png" alt="a chart, a > b"> after</p>`,
    "before a chart, a > b after",
  ],
  ["preformatted text keeps its lines", "<pre>a\n  b &#x1F600;&#33;\n</pre>", "a\nb 😀!"],
  ["the words of a drawing are read", "<svg><style>x</style><text>one</text><text>two</text></svg>", "one\ntwo"],
  ["what only looks like markup stays", "1 < 2 & <3; a<b", "1 < 2 & <3; a"],
  ["unknown entities stay", "&hearts; &#xffffff; &amp;lt;", "&hearts; &#xffffff; &lt;"],
  ["control characters are left out", "a\x1b[2Jb\x00c", "a[2Jbc"],
  ["markup without a word is named", "<canvas id=c></canvas>", "HTML, 22 characters"],
])("of HTML: %s", (_, html, text) => {
  expect(textOf({ "text/html": html })).toBe(text);
});

test.each<[kind: string, html: string]>([
  ["tags that are never closed", "<a".repeat(100_000)],
  ["quotation marks that are never closed", `<a b="`.repeat(50_000)],
  ["scripts that are never closed", "<script>".repeat(30_000)],
  ["comments that are never closed", "<!--".repeat(50_000)],
  ["angle brackets", "<".repeat(200_000)],
  ["entities that are never closed", "&#".repeat(100_000)],
])("%s are read to their end", (_, html) => {
  expect(textOf({ "text/html": html })).toEqual(expect.any(String)); // a second look at each character would take minutes
});

test("a long text is an excerpt, which does not end in half a character", () => {
  const text = String(textOf({ "text/markdown": `${"x".repeat(1999)}😀${"y".repeat(500)}` }));
  expect(text).toBe(`${"x".repeat(1999)}\n... 502 more characters`);
  expect(String(textOf({ "text/html": `<p>${"word ".repeat(10_000)}` })).length).toBeLessThan(2100);
});

test.each<[data: Record<string, unknown>, text: string]>([
  [{ "image/svg+xml": "<svg><title>Loss &amp; accuracy</title></svg>" }, "Loss & accuracy"],
  [{ "image/webp": "aGVsbG8=" }, "WEBP picture, 5 bytes"],
  [{ "text/csv": "a,b\n1,2" }, "a,b\n1,2"],
  [{ "application/json": { a: [1] } }, "{ a: [ 1 ] }"],
  [{ "application/vnd.vegalite.v5+json": { mark: "bar" } }, "application/vnd.vegalite.v5+json"],
  [{ "image/png": "aGk=", "text/markdown": "**a**", "text/html": "<b>b</b>" }, "**a**"],
])("%j is %j", (data, text) => {
  expect(textOf(data)).toBe(text);
});

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

/** All ways to an output that shows something. */
const ways: readonly string[] = [
  "display.html('<p>a</p>')",
  "display.markdown('a')",
  "display({ data: { 'text/html': '<b>' } })",
  "display({ 'application/geo+json': { type: 'Point' } }, { raw: true })",
  "display({}, { raw: true })",
  "display({ [Symbol.for('Jupyter.display')]: () => ({}) })",
  "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>x</i>' }) })",
  "display.svg('<svg></svg>').update({ data: { 'text/latex': '$x$' } })",
  "await Deno.jupyter.display(Deno.jupyter.html`<b>b</b>`)",
  "await Deno.jupyter.broadcast('display_data', { data: { 'text/html': '<b>bold</b>' }, metadata: {}, transient: {} })",
  "await Deno.jupyter.broadcast('update_display_data', { data: { 'text/html': '<b>' }, transient: { display_id: 'd' } })",
  "globalThis[Symbol.for('thaw.host')].display({ data: { 'image/png': new Uint8Array(3) } })",
  "import * as tslab from 'tslab'; tslab.newDisplay().markdown('# x')",
  "%%html\n<p>cell</p>",
  "[{ a: 1 }, { a: 2 }]",
];

test("whatever shows something has plain text", async () => {
  for (const code of ways) {
    const run = await client.execute(code);
    expect(errorText(run), code).toBe("");
    const outputs = run.messages.filter(({ header }) => /display_data|execute_result/.test(header.msg_type));
    expect(outputs.length, code).toBeGreaterThan(0);
    for (const { content } of outputs) {
      expect((content.data as Record<string, unknown>)["text/plain"], code).toEqual(expect.any(String));
    }
  }
});

test.each<[wrong: string, code: string, told: RegExp]>([
  [
    "data that is a text",
    "await Deno.jupyter.broadcast('display_data', { data: 'x' })",
    /data of a display is an object .* found string/,
  ],
  ["data that is a list", "globalThis[Symbol.for('thaw.host')].display({ data: ['x'] })", /found a list/],
  [
    "metadata that is a number",
    "display({ data: { 'text/html': 'x' }, metadata: 5 })",
    /metadata of a display is an object .* found number/,
  ],
  ["an object as HTML", "display({ data: { 'text/html': { a: 1 } } })", /text\/html content of this display/],
  [
    "a function as JSON",
    "display.json(Object.assign(() => 1, { toJSON: () => undefined }))",
    /nothing that JSON can carry/,
  ],
])("%s is refused in the cell that shows it, and no message leaves", async (_, code, told) => {
  const run = await client.execute(code);
  expect(errorText(run)).toMatch(told);
  expect(run.messages.some(({ header }) => header.msg_type.endsWith("display_data"))).toBe(false);
});

test("fields that clients read as texts and truths are that, whatever a cell gave", async () => {
  const run = await client.execute(
    "display('a', { displayId: 5 }).update('b'); clearOutput({ wait: 1 }); await Deno.jupyter.broadcast('clear_output', { wait: 'yes' });" +
      "await Deno.jupyter.broadcast('display_data', { data: { 'text/plain': 7 }, metadata: null, transient: { display_id: 8 } }); console.log('end')",
  );
  expect(errorText(run)).toBe("");
  const contents = run.messages
    .filter(({ header }) => /display|clear/.test(header.msg_type))
    .map(({ content }) => content);
  expect(contents).toMatchObject([
    { data: { "text/plain": "'a'" }, transient: { display_id: "5" } },
    { data: { "text/plain": "'b'" }, transient: { display_id: "5" } },
    { wait: false },
    { wait: false },
    { data: { "text/plain": "7" }, metadata: {}, transient: { display_id: "8" } },
  ]);
  expect(printed(run)).toBe("end\n");
});
