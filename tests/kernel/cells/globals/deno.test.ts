import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../../../temporary.ts";
import { Client, errorText, printed, type Run, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
});
afterAll(async () => {
  await client.stop();
});

async function run(code: string): Promise<Run> {
  const done = await client.execute(code);
  expect(errorText(done), code).toBe("");
  return done;
}

function data(run: Run, type = "execute_result"): unknown[] {
  return run.messages.filter(({ header }) => header.msg_type === type).map(({ content }) => content.data);
}

// one pixel
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("the tagged templates are values that show themselves, unescaped as in Deno, with their source as text", async () => {
  const name = "const name = 'Ada <b>';";
  expect(data(await run(`${name} Deno.jupyter.md\`## Hello \${name}\``))).toEqual([
    { "text/markdown": "## Hello Ada <b>", "text/plain": "## Hello Ada <b>" },
  ]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
  expect(data(await run("Deno.jupyter.html`<table><tr><td>${1 + 1}${undefined}</td></tr></table>`"))).toEqual([
    { "text/html": "<table><tr><td>2</td></tr></table>", "text/plain": "<table><tr><td>2</td></tr></table>" },
  ]);
  expect(data(await run('Deno.jupyter.svg`<svg><circle r="4"/></svg>`'))).toMatchObject([
    { "image/svg+xml": '<svg><circle r="4"/></svg>' },
  ]);
});

test("the helpers can be taken out of Deno.jupyter", async () => {
  expect(data(await run("const { md, html: h, display: show, $display } = Deno.jupyter;\nmd`*hi*`"))).toMatchObject([
    { "text/markdown": "*hi*" },
  ]);
  expect(data(await run("await show(h`<i>x</i>`)"), "display_data").at(-1)).toMatchObject({ "text/html": "<i>x</i>" });
});

test("Deno.jupyter.image takes bytes or a path, and refuses what is no picture", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "dot.png"), Buffer.from(png, "base64"));
  expect(data(await run(`Deno.jupyter.image(new Uint8Array(Buffer.from("${png}", "base64")))`))).toMatchObject([
    { "image/png": png },
  ]);
  expect(data(await run(`Deno.jupyter.image(${JSON.stringify(join(folder, "dot.png"))})`))).toMatchObject([
    { "image/png": png },
  ]);
  expect(errorText(await client.execute("Deno.jupyter.image(new Uint8Array(3))"))).toMatch(
    /^TypeError: Deno.jupyter.image takes/,
  );
  expect(errorText(await client.execute("Deno.jupyter.image('/no/such.png')"))).toMatch(/ENOENT/);
});

test("Deno.jupyter.display shows values, raw bundles and updates, and resolves when they are shown", async () => {
  const shown = await run(`
    await Deno.jupyter.display({ "text/plain": "Hello", "text/html": "<h1>Hello</h1>" }, { raw: true });
    await Deno.jupyter.display([1, 2]);
    await Deno.jupyter.display({ "text/plain": "0 %" }, { raw: true, display_id: "bar" });
    await Deno.jupyter.display({ "text/plain": "50 %" }, { raw: true, display_id: "bar", update: true });
    await Deno.jupyter.display({ async [Deno.jupyter.$display]() { await new Promise((r) => setTimeout(r, 20)); return { "text/plain": "slow" }; } });
    console.log("shown");`);
  const outputs = shown.messages
    .filter(({ header }) => /display_data|stream/.test(header.msg_type))
    .map(({ header, content }) => [header.msg_type, content.data ?? content.text]);
  expect(outputs).toEqual([
    ["display_data", { "text/plain": "Hello", "text/html": "<h1>Hello</h1>" }],
    ["display_data", { "text/plain": "[ 1, 2 ]" }],
    ["display_data", { "text/plain": "0 %" }],
    ["update_display_data", { "text/plain": "50 %" }],
    ["display_data", { "text/plain": "" }],
    ["update_display_data", { "text/plain": "slow" }],
    ["stream", "shown\n"],
  ]);
});

test("classes show themselves by Deno.jupyter.$display", async () => {
  const code = `class Temperature {
  constructor(public celsius: number) {}
  [Deno.jupyter.$display]() {
    return { "text/plain": \`\${this.celsius} C\`, "text/html": \`<strong>\${this.celsius} °C</strong>\` };
  }
}
new Temperature(21)`;
  expect(data(await run(code))).toEqual([{ "text/plain": "21 C", "text/html": "<strong>21 °C</strong>" }]);
  expect(result(await run("Deno.jupyter.$display === Symbol.for('Jupyter.display')"))).toBe("true");
  expect(result(await run("await Deno.jupyter.format(new Temperature(3))"))).toContain("'text/plain': '3 C'");
});

test("Deno.jupyter.broadcast sends displays, updates, streams, clear_output and comms", async () => {
  const sent = await run(`
    const id = crypto.randomUUID();
    await Deno.jupyter.broadcast("display_data", { data: { "text/html": "<b>0</b>" }, metadata: {}, transient: { display_id: id } });
    await Deno.jupyter.broadcast("update_display_data", { data: { "text/html": "<b>1</b>" }, transient: { display_id: id } });
    await Deno.jupyter.broadcast("stream", { name: "stdout", text: "out" });
    await Deno.jupyter.broadcast("clear_output", { wait: true });
    await Deno.jupyter.broadcast("comm_open", { comm_id: "c1", target_name: "jupyter.widget", data: { state: 1 } }, { metadata: { version: "2.1.0" }, buffers: [Uint8Array.of(7)] });`);
  const types = sent.messages
    .map(({ header }) => header.msg_type)
    .filter((type) => !["status", "execute_input"].includes(type));
  expect(types).toEqual(["display_data", "update_display_data", "stream", "clear_output", "comm_open"]);
  expect(printed(sent)).toBe("out");
  const [first, second] = sent.messages.filter(({ header }) => header.msg_type.endsWith("display_data"));
  expect(second?.content.transient).toEqual(first?.content.transient);
  expect(second?.content.metadata).toEqual({});
  const comm = sent.messages.find(({ header }) => header.msg_type === "comm_open");
  expect(comm?.content).toMatchObject({ comm_id: "c1", target_name: "jupyter.widget", data: { state: 1 } });
  expect(errorText(await client.execute("await Deno.jupyter.broadcast('shutdown_request', {})"))).toMatch(
    /broadcast sends .* got "shutdown_request"/,
  );
});

test("there is no global Deno that a library could take for the real one", async () => {
  expect(result(await run("[typeof Deno, 'Deno' in globalThis, typeof globalThis.Deno]"))).toBe(
    "[ 'undefined', false, 'undefined' ]",
  );
  expect(errorText(await client.execute("Deno.version"))).toMatch(/Deno is not defined/);
});

test("a cell's own Deno is its own", async () => {
  expect(
    result(await run("{ const Deno = { jupyter: { md: () => 'mine' } }; var got = Deno.jupyter.md(); }\ngot")),
  ).toBe("'mine'");
  expect(result(await run("((Deno) => Deno.jupyter)({ jupyter: 5 })"))).toBe("5");
  expect(
    result(await run("const text = 'Deno.jupyter'; const held = { Deno: { jupyter: 6 } }; [text, held.Deno.jupyter]")),
  ).toBe("[ 'Deno.jupyter', 6 ]");
  expect(result(await run("typeof Deno.jupyter.md + typeof Deno?.jupyter?.html"))).toBe("'functionfunction'");
});
