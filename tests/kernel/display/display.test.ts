import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, type Run } from "../client.ts";

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

test("a library shows a bundle and updates it through the host, knowing nothing of the kernel", async () => {
  const run = await client.execute(`
    const host = globalThis[Symbol.for("thaw.host")];
    host.display({ data: { "text/plain": "0 %" }, metadata: { "text/plain": { a: 1 } } }, { displayId: "bar" });
    host.display({ data: { "text/plain": "100 %" } }, { displayId: "bar", update: true });
    host.display({ data: { "text/html": "<b>&</b>" } });`);
  expect(shown(run)).toEqual([
    ["display_data", { "text/plain": "0 %" }, { "text/plain": { a: 1 } }, "bar"],
    ["update_display_data", { "text/plain": "100 %" }, {}, "bar"],
    ["display_data", { "text/html": "<b>&</b>" }, {}, undefined],
  ]);
});

test("display() shows rich values, bundles and plain ones, and its handle replaces them", async () => {
  const run = await client.execute(`
    const rich = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<i>" }) };
    const shownAs = display(rich, { displayId: "x" });
    shownAs.update({ data: { "text/markdown": "**y**" } });
    display([1, 2], { displayId: "z" })`);
  expect(shown(run)).toEqual([
    ["display_data", { "text/html": "<i>" }, {}, "x"],
    ["update_display_data", { "text/markdown": "**y**" }, {}, "x"],
    ["display_data", { "text/plain": "[ 1, 2 ]" }, {}, "z"],
  ]);
});

test("a rich value's toBundle() gives metadata beside the data; without the rich form it is any method", async () => {
  const run = await client.execute(`
    const bundle = { data: { "image/png": "aGk=" }, metadata: { "image/png": { width: 9 } } };
    const rich = { [Symbol.for("Jupyter.display")]: () => bundle.data, toBundle: () => bundle };
    display(rich);
    display({ toBundle: () => 1 });`);
  const messages = run.messages.filter(({ header }) => header.msg_type === "display_data");
  expect(messages.map(({ content }) => [content.data, content.metadata])).toEqual([
    [{ "image/png": "aGk=" }, { "image/png": { width: 9 } }],
    [{ "text/plain": "{ toBundle: [Function: toBundle] }" }, {}],
  ]);
});

test("a rich form that takes time is shown before the cell ends, and its failure is the cell's", async () => {
  const slow = (body: string) =>
    `display({ async [Symbol.for("Jupyter.display")]() { await new Promise((r) => setTimeout(r, 20)); ${body} } });`;
  expect(shown(await client.execute(slow("return { 'text/html': 'late' }")))).toHaveLength(1);
  expect((await client.execute(slow("throw new Error('no picture')"))).reply.content.evalue).toBe("no picture");
});

test("tslab's display API shows in this kernel", async () => {
  const run = await client.execute(`
    import * as tslab from "tslab";
    tslab.display.html("<b>bold</b>");
    const own = tslab.newDisplay(); own.text("one"); own.text("two");`);
  const seen = shown(run) as [string, unknown, unknown, string | undefined][];
  expect(seen.map(([type, data]) => [type, data])).toEqual([
    ["display_data", { "text/html": "<b>bold</b>" }],
    ["display_data", { "text/plain": "one" }],
    ["update_display_data", { "text/plain": "two" }],
  ]);
  expect(seen[1]?.[3]).toBe(seen[2]?.[3]);
});
