import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, type Run, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

/** Display messages of a run: [type, data, display id]. */
function shown(run: Run): [string, unknown, string | undefined][] {
  expect(errorText(run)).toBe("");
  return run.messages
    .filter(({ header }) => header.msg_type.endsWith("display_data"))
    .map(({ header, content }) => [
      header.msg_type,
      content.data,
      (content.transient as { display_id?: string }).display_id,
    ]);
}

test.each([
  ["html('<b>bold</b>')", { "text/html": "<b>bold</b>" }, "bold"],
  ["markdown('# head')", { "text/markdown": "# head" }, "# head"],
  ["latex('$x^2$')", { "text/latex": "$x^2$" }, "$x^2$"],
  ["svg('<svg></svg>')", { "image/svg+xml": "<svg></svg>" }, "SVG picture"],
  ["javascript('alert(1)')", { "text/javascript": "alert(1)" }, "JavaScript, 8 characters"],
  ["text('plain')", {}, "plain"],
  ["png(new Uint8Array([104, 105]))", { "image/png": "aGk=" }, "PNG picture, 2 bytes"],
  ["jpeg(Buffer.from('hi'))", { "image/jpeg": "aGk=" }, "JPEG picture, 2 bytes"],
  ["gif(Buffer.from('hi'))", { "image/gif": "aGk=" }, "GIF picture, 2 bytes"],
  ["pdf(Buffer.from('hi'))", { "application/pdf": "aGk=" }, "PDF document, 2 bytes"],
  ["raw('application/x', 'any')", { "application/x": "any" }, "application/x"],
  ["raw('application/x', Buffer.from('hi'))", { "application/x": "aGk=" }, "application/x"],
])("tslab.display.%s, with plain text beside it", async (call, data, text) => {
  const run = await client.execute(`import * as tslab from "tslab"; tslab.display.${call};`);
  expect(shown(run)).toEqual([["display_data", { ...data, "text/plain": text }, undefined]]);
});

test("the ways to import tslab give the same, and its names replace the kernel's own where they are imported", async () => {
  const named = "import { display, newDisplay } from 'tslab'; display.html('<i>'); typeof newDisplay";
  const run = await client.execute(named);
  expect(shown(run)).toEqual([["display_data", { "text/html": "<i>", "text/plain": "HTML, 3 characters" }, undefined]]);
  expect(result(run)).toBe("'function'");
  const required = await client.execute(
    "const viaRequire = require('tslab'); viaRequire.display.text('r'); viaRequire.display === display",
  );
  expect(shown(required)).toEqual([["display_data", { "text/plain": "r" }, undefined]]);
  expect(result(required)).toBe("true");
  const dynamic = await client.execute("(await import('tslab')).display.text('d')");
  expect(shown(dynamic)).toEqual([["display_data", { "text/plain": "d" }, undefined]]);
});

test("newDisplay() is one entry that is overwritten, also from a later cell", async () => {
  const first = shown(
    await client.execute(
      "import * as tslab from 'tslab'; const own = tslab.newDisplay(); own.text('one'); own.html('<b>two</b>');",
    ),
  );
  const second = shown(await client.execute("own.png(Buffer.from('hi'))"));
  expect(first.map(([type, data]) => [type, data])).toEqual([
    ["display_data", { "text/plain": "one" }],
    ["update_display_data", { "text/html": "<b>two</b>", "text/plain": "two" }],
  ]);
  const picture = { "image/png": "aGk=", "text/plain": "PNG picture, 2 bytes" };
  expect(second).toEqual([["update_display_data", picture, first[0]?.[2]]]);
  expect(first[1]?.[2]).toBe(first[0]?.[2]);
});

test("tslab.versions names Node", async () => {
  expect(
    result(
      await client.execute("tslab.versions.node === process.version && Object.keys(tslab.versions).sort().join()"),
    ),
  ).toBe("'node,tslab,typescript'");
});

// A notebook as tslab's own introduction goes: code, text, pictures, a progress bar, a model class, a promise.
test("a notebook written for tslab runs", async () => {
  const cells: [code: string, expected: (run: Run) => unknown, value: unknown][] = [
    ["function fib(n: number): number {\n  return n < 2 ? n : fib(n - 1) + fib(n - 2);\n}\nfib(20)", result, "6765"],
    [
      "class Person {\n  constructor(public name: string, private age = 3) {}\n}\nnew Person('Ada')",
      result,
      "Person { name: 'Ada', age: 3 }",
    ],
    ["import * as tslab from 'tslab';\nimport * as fs from 'fs';\nfs.existsSync('package.json')", result, "true"],
    ["tslab.display.html('<div style=\"color:green\">done</div>')", (run) => shown(run).length, 1],
    ["const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));\nawait sleep(5);", result, undefined],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
      '{\n  const bar = tslab.newDisplay();\n  for (let i = 0; i <= 2; i++) {\n    bar.html(`<progress value="${i}" max="2"></progress>`);\n    await sleep(1);\n  }\n}',
      (run) => shown(run).map(([type]) => type),
      ["display_data", "update_display_data", "update_display_data"],
    ],
    ["tslab.display.javascript('element.append(new Date())'); let x = 10;", (run) => shown(run).length, 1],
    ["x += 1; [x, typeof fib]", result, "[ 11, 'function' ]"],
  ];
  for (const [code, look, value] of cells) expect(look(await client.execute(code)), code).toEqual(value);
});
