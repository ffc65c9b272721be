import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { createToBundle } from "../../../../kernel/cells/display/mimeBundle.ts";
import type { DisplayBundle } from "../../../../shared/mimeBundle.ts";
import { hostileTexts } from "./hostileTexts.ts";

const { DOMParser } = new JSDOM().window;
const parse = (html: string): HTMLElement => new DOMParser().parseFromString(`<body>${html}</body>`, "text/html").body;

const warned: string[] = [];
const toBundle = createToBundle({ describe: String, warn: (text) => void warned.push(text) });

/** As many as one table shows. */
const chunks = Array.from({ length: Math.ceil(hostileTexts.length / 15) }, (_, i) =>
  hostileTexts.slice(15 * i, 15 * i + 15),
);

const allowedElements = new Set(["TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "DIV"]);
const allowedAttributes = new Set(["border", "class", "style", "scope"]);
const styles = /^[a-z-]+: [\w().,% #-]+(; [a-z-]+: [\w().,% #-]+)*$/;

/** Every element and attribute in the HTML is one that a table of this kernel has; returns the text it shows. */
function textOf(html: string): string {
  const body = parse(html);
  for (const element of body.querySelectorAll("*")) {
    expect(allowedElements, html).toContain(element.tagName);
    for (const { name, value } of element.attributes) {
      expect(allowedAttributes, html).toContain(name);
      if (name === "style") expect(value).toMatch(styles);
      if (name === "class") expect(value).toBe("dataframe");
    }
  }
  return body.textContent ?? "";
}

/** Markup-free HTML, and no other type that a page would take as markup. */
async function check(value: unknown): Promise<{ readonly bundle: DisplayBundle; readonly text: string }> {
  const bundle = await toBundle(value);
  const types = Object.keys(bundle.data);
  expect(types.filter((type) => !["text/html", "text/plain"].includes(type) && !type.endsWith("+json"))).toEqual([]);
  const html = bundle.data["text/html"];
  return { bundle, text: typeof html === "string" ? textOf(html) : "" };
}

test(`there are ${hostileTexts.length} hostile texts, no two alike`, () => {
  expect(new Set(hostileTexts).size).toBe(hostileTexts.length);
  expect(hostileTexts.length).toBeGreaterThanOrEqual(150);
});

test("the check finds markup where there is some", () => {
  expect(() => textOf("<table><tr><td><b>x</b></td></tr></table>")).toThrow();
  expect(() => textOf('<td onclick="x()">')).not.toThrow(); // a parser drops a cell outside a table
  expect(() => textOf('<table onclick="x()"></table>')).toThrow();
  expect(() => textOf('<div style="background: url(x)"></div>')).not.toThrow();
  expect(() => textOf('<div style="background: url(javascript:x)"></div>')).toThrow();
});

test("as values, nested values and column names of rows", async () => {
  for (const chunk of chunks) {
    const rows = chunk.map((text) => ({
      plain: text,
      nested: { [text]: [text] },
      symbol: Symbol(text),
      set: new Set([text]),
    }));
    const { text } = await check(rows);
    expect(text).toContain("4 columns");
    const wide = await check([1, 2].map((n) => Object.fromEntries(chunk.map((name) => [`${name}`, n]))));
    expect(wide.bundle.data["text/html"]).toBeDefined();
  }
});

test("a shown text is the text itself, only its control characters are named", async () => {
  const { text } = await check([{ a: "<b>&amp;\"'" }, { a: "\n\u202e\u001b[31m" }]);
  expect(text).toContain("<b>&amp;\"'");
  expect(text).toContain("\\n\\u202e\\u001b[31m");
});

test("as keys and values of maps, and as names of classes and functions", async () => {
  for (const chunk of chunks) {
    await check(new Map(chunk.map((text) => [text, { [text]: text }])));
    await check(new Map(chunk.map((text) => [{ [text]: 1 }, Object.defineProperty(() => 0, "name", { value: text })])));
    for (const text of chunk) {
      const Named = { [text]: class {} }[text] as new () => object;
      await check([{ a: new Named() }, { a: Named }]);
    }
  }
});

test("as values and types of tensors, whole or read by their corners", async () => {
  for (const chunk of chunks) {
    const matrix = { shape: [chunk.length, 1], dtype: "string", size: chunk.length, dataSync: () => chunk };
    expect((await check(matrix)).text).toContain(`Tensor [${chunk.length}, 1] string`);
    for (const text of chunk) {
      const data = [text, text];
      await check({ shape: [1, 2], dtype: text, size: 2, dataSync: () => data, trainable: true, name: text });
      await check({ dims: [1, 2], type: text, data });
    }
  }
});

test("in data frames, as names and values", async () => {
  for (const chunk of chunks) {
    const records = chunk.map((text) => Object.fromEntries(chunk.map((name) => [name, text])));
    const part = { toRecords: () => records };
    const schema = Object.fromEntries(chunk.map((name) => [name, name]));
    expect(
      (await check({ schema, height: chunk.length, head: () => part, tail: () => part, toRecords: part.toRecords }))
        .text,
    ).not.toBe("");
    const arquero = { columnNames: () => chunk, numRows: () => 2, get: (name: string) => name };
    expect((await check(arquero)).text).toContain("2 rows");
  }
});

test("in errors, charts and the text of anything else", async () => {
  for (const text of hostileTexts) {
    await check(Object.assign(new Error(text), { name: text, [text]: text }));
    await check(text);
    await check({ [text]: text, toString: () => text });
    await check({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", title: text, mark: text });
    await check({ $schema: text, mark: "bar" });
    await check({ data: [{ type: text, x: [text] }], layout: { title: { text } } });
    await check({ toDataURL: () => text });
    await check({ toDataURL: () => `data:${text};base64,AAAA` });
    await check({ toDataURL: () => `data:text/html;base64,${Buffer.from(text).toString("base64")}` });
    if (!/^<(svg|\?xml)/.test(text)) await check(Buffer.from(text)); // those are below
    await check({ [Symbol.toStringTag]: text });
  }
});

test("pictures in SVG that could do something are shown where nothing in them runs", async () => {
  const risky = hostileTexts.filter((text) =>
    /^<(script|svg|img|iframe|a|style|math|foreign|object|link|body|div)[ /<>\n]/i.test(text),
  );
  expect(risky.length).toBeGreaterThan(30);
  for (const text of risky) {
    const markup = `<svg xmlns="http://www.w3.org/2000/svg">${text}</svg>`;
    for (const value of [Buffer.from(markup), { outerHTML: markup }]) {
      const { data } = await toBundle(value);
      expect(data["image/svg+xml"], text).toBeUndefined();
      const body = parse(String(data["text/html"]));
      const [only, ...others] = body.querySelectorAll("*");
      expect(others).toEqual([]);
      expect(
        [...(only?.attributes ?? [])]
          .map(({ name }) => name)
          .sort()
          .join(),
      ).toMatch(/^(alt,src,style|sandbox,srcdoc,style)$/);
      expect(only?.getAttribute("sandbox") ?? "").toBe("");
      expect(only?.getAttribute("src") ?? "data:image/svg+xml;base64,").toMatch(/^data:image\/svg\+xml;base64,/);
    }
  }
});

test("elements with scripts or handlers are framed, others are shown as they are", async () => {
  const { document } = new JSDOM().window;
  for (const text of hostileTexts) {
    const element = document.createElement("section");
    element.innerHTML = text;
    element.setAttribute("title", text);
    const html = String((await toBundle(element)).data["text/html"] ?? "");
    const body = parse(html);
    const nodes = [...body.querySelectorAll("*")];
    const framed = nodes.length === 1 && nodes[0]?.tagName === "IFRAME" && nodes[0].getAttribute("sandbox") === "";
    const handlers = nodes
      .flatMap((node) => [...node.attributes])
      .filter(({ name, value }) => /^on/.test(name) || /script:/.test(value));
    const acts = nodes.some((node) => /^(script|iframe|object|embed|link|meta|base|form|style)$/i.test(node.tagName));
    expect(framed || (!acts && handlers.length === 0), html).toBe(true);
  }
  const calm = document.createElement("p");
  calm.textContent = "5 < 6 & <script>";
  expect((await toBundle(calm)).data).toEqual({
    "text/html": "<p>5 &lt; 6 &amp; &lt;script&gt;</p>",
    "text/plain": "<p>5 &lt; 6 &amp; &lt;script&gt;</p>",
  });
});

test("nothing of all this was taken for a rich form", () => {
  expect(warned).toEqual([]);
});
