import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { createToBundle } from "../../../../kernel/cells/display/mimeBundle.ts";

const warned: string[] = [];
const toBundle = createToBundle({
  describe: (error) => String((error as Error).stack?.split("\n")[0]),
  warn: (text) => void warned.push(text),
});

async function data(value: unknown): Promise<Record<string, unknown>> {
  return (await toBundle(value)).data;
}

async function text(value: unknown): Promise<string> {
  return String((await data(value))["text/plain"]);
}

/** The cells of an HTML table, row by row, and what is written below it. */
async function cells(value: unknown): Promise<{ readonly rows: string[][]; readonly note: string | null | undefined }> {
  const { document } = new JSDOM(String((await data(value))["text/html"])).window;
  const rows = [...document.querySelectorAll("tr")].map((row) =>
    [...row.children].map((cell) => String(cell.textContent)),
  );
  return { rows, note: document.querySelector("table + div")?.textContent };
}

test.each<[string, unknown, string]>([
  ["a number", 0.1 + 0.2, "0.30000000000000004"],
  ["minus zero", -0, "-0"],
  ["a bigint", 10n, "10n"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a string", "it's", '"it\'s"'],
  ["null", null, "null"],
  ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["no date", new Date(Number.NaN), "Invalid Date"],
  ["a regular expression", /x\/y/giu, "/x\\/y/giu"],
  ["a set", new Set([1, "a"]), "Set(2) { 1, 'a' }"],
  [
    "an instance with a tag",
    new (class Box {
      w = 1;
      get [Symbol.toStringTag]() {
        return "Tag";
      }
    })(),
    "Box [Tag] { w: 1 }",
  ],
  [
    "numbers in rows",
    [
      [1, 2],
      [3, 4],
    ],
    "[ [ 1, 2 ], [ 3, 4 ] ]",
  ],
  ["one object in a list", [{ a: 1 }], "[ { a: 1 } ]"],
  ["objects that have little in common", [{ a: 1 }, { b: 2 }, { c: 3 }], "[ { a: 1 }, { b: 2 }, { c: 3 } ]"],
  ["dates in a list", [new Date(0)], "[ 1970-01-01T00:00:00.000Z ]"],
  ["short bytes", Uint8Array.of(1, 2), "Uint8Array(2) [ 1, 2 ]"],
  ["a native function", Math.max, "[Function: max]"],
  ["an arrow function", { f: (a: number) => a + 1 }.f, "[Function: f] (a) => a + 1"],
  ["a class", class Foo extends Map {}, "[class Foo extends Map]"],
])("%s is what Node would print", async (_, value, expected) => {
  expect(await data(value)).toEqual({ "text/plain": expected });
});

test("a long function is its name and its parameters", async () => {
  const train = async (model: string, { epochs = 3 } = {}): Promise<string> => {
    const report = `${model} was trained for ${epochs} epochs`;
    return report;
  };
  expect(await text(train)).toBe("[AsyncFunction: train] (model, { epochs = 3 } = {})");
});

test("an array of objects is a table with the union of their keys; what is not there is empty", async () => {
  const { rows, note } = await cells([
    { a: 1, b: "x" },
    { a: 2.123456789, c: null },
  ]);
  expect(rows).toEqual([
    ["", "a", "b", "c"],
    ["0", "1", "x", ""],
    ["1", "2.123457", "", "null"],
  ]);
  expect(note).toBe("2 rows × 3 columns");
  expect(
    await text([
      { a: 1, b: "x" },
      { a: 22, b: "yy" },
    ]),
  ).toBe("    a  b\n-  --  --\n0   1  x\n1  22  yy\n2 rows × 2 columns");
});

test("cells show nested values short, long texts cut, getters not at all", async () => {
  const row = {
    list: Array.from({ length: 50 }, (_, i) => i),
    deep: { a: { b: { c: 1 } } },
    text: "x".repeat(500),
    get bad(): number {
      throw new Error("asked");
    },
  };
  const [, first] = (await cells([row, row])).rows;
  expect(first?.[1]).toBe("[ 0, 1, 2, 3, 4, ... 45 more items ]");
  expect(first?.[2]).toBe("{ a: { b: [Object] } }");
  expect(first?.[3]).toBe(`${"x".repeat(79)}…`);
  expect(first?.[4]).toBe("[Getter]");
});

test("a million rows show the first and the last ten", async () => {
  const rows = Array.from({ length: 1_000_000 }, (_, i) => ({ id: i, half: i / 2 }));
  const started = performance.now();
  const bundle = await data(rows);
  console.log(`display: a table of 1,000,000 rows: ${(performance.now() - started).toFixed(1)} ms`);
  const shown = await cells(rows);
  expect(shown.rows).toHaveLength(1 + 10 + 1 + 10);
  expect(shown.rows[11]).toEqual(["…", "…", "…"]);
  expect(shown.rows.at(-1)).toEqual(["999999", "999999", "499999.5"]);
  expect(shown.note).toBe("1,000,000 rows × 2 columns");
  expect(JSON.stringify(bundle).length).toBeLessThan(10_000);
});

test("many columns show the first and the last ten; rows of a database's class are rows", async () => {
  class RowDataPacket {
    constructor() {
      for (let i = 0; i < 60; i++) Object.assign(this, { [`c${i}`]: i });
    }
  }
  const { rows, note } = await cells([new RowDataPacket(), new RowDataPacket()]);
  expect(rows[0]).toHaveLength(22);
  expect(rows[0]?.[11]).toBe("…");
  expect(note).toBe("2 rows × 60 columns");
  const withMethods = [1, 2].map(
    (n) =>
      new (class Tensor {
        n = n;
        print() {}
      })(),
  );
  expect(Object.keys(await data(withMethods))).toEqual(["text/plain"]);
});

test("a map is a table of keys and values, and Node's text", async () => {
  const value = new Map<unknown, unknown>([
    ["a", 1],
    [{ k: 1 }, [2]],
  ]);
  expect((await cells(value)).rows).toEqual([
    ["key", "value"],
    ["a", "1"],
    ["{ k: 1 }", "[ 2 ]"],
  ]);
  expect((await cells(value)).note).toBe("Map, 2 entries");
  expect(await text(value)).toBe("Map(2) { 'a' => 1, { k: 1 } => [ 2 ] }");
  expect((await cells(new Map(Array.from({ length: 5000 }, (_, i) => [i, i])))).rows).toHaveLength(22);
  expect(await data(new Map())).toEqual({ "text/plain": "Map(0) {}" });
});

test.each<[string, unknown, string]>([
  [
    "floats",
    Float32Array.from({ length: 1000 }, (_, i) => i / 10),
    "Float32Array(1,000) [ 0, 0.1, 0.2, 0.3, 0.4, ..., 99.5, 99.6, 99.7, 99.8, 99.9 ] from 0 to 99.9",
  ],
  [
    "with gaps",
    Float64Array.from({ length: 200 }, (_, i) => (i === 0 ? Number.NaN : i)),
    "Float64Array(200) [ NaN, 1, 2, 3, 4, ..., 195, 196, 197, 198, 199 ] from 1 to 199, 1 NaN",
  ],
  [
    "nothing but gaps",
    new Float32Array(200).fill(Number.NaN),
    "Float32Array(200) [ NaN, NaN, NaN, NaN, NaN, ..., NaN, NaN, NaN, NaN, NaN ], 200 NaN",
  ],
  [
    "big integers",
    new BigInt64Array(200),
    "BigInt64Array(200) [ 0n, 0n, 0n, 0n, 0n, ..., 0n, 0n, 0n, 0n, 0n ] from 0n to 0n",
  ],
  ["a buffer", Buffer.alloc(1000, 255), `Buffer, 1,000 bytes <${"ff ".repeat(16)}... ${"ff ".repeat(16).trim()}>`],
  ["an array buffer", new ArrayBuffer(64), `ArrayBuffer, 64 bytes <${"00 ".repeat(16)}... ${"00 ".repeat(16).trim()}>`],
])("long binary data shows its ends: %s", async (_, value, expected) => {
  expect(await data(value)).toEqual({ "text/plain": expected });
});

test.each<[string, string, string]>([
  ["image/png", "89504e470d0a1a0a0000000d", "PNG picture, 12 bytes"],
  ["image/jpeg", "ffd8ffe000104a464946", "JPEG picture, 10 bytes"],
  ["image/gif", "474946383961", "GIF picture, 6 bytes"],
  ["image/webp", "524946460a00000057454250", "WEBP picture, 12 bytes"],
])("bytes that begin as %s are that picture, in every kind of bytes", async (type, hex, name) => {
  const bytes = Buffer.from(hex, "hex");
  const expected = { [type]: bytes.toString("base64"), "text/plain": name };
  const padded = new Uint8Array([0, ...bytes]).subarray(1);
  for (const value of [bytes, new Uint8Array(bytes), padded, new Uint8Array(bytes).buffer, new Blob([bytes])]) {
    expect(await data(value)).toEqual(expected);
  }
  expect(Object.keys(await data(bytes.subarray(1)))).toEqual(["text/plain"]);
});

test("bytes of an SVG picture are shown; text that looks like one is text", async () => {
  const svg = '<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>';
  expect(await data(Buffer.from(svg))).toEqual({
    "image/svg+xml": svg,
    "text/plain": `SVG picture, ${svg.length} bytes`,
  });
  expect(Object.keys(await data(svg))).toEqual(["text/plain"]);
});

test.each([
  ["vega-lite", "v5", "application/vnd.vegalite.v5+json", "Vega-Lite 5 chart: Sales, bar"],
  ["vega-lite", "v4.17.0", "application/vnd.vegalite.v4+json", "Vega-Lite 4 chart: Sales, bar"],
  ["vega", "v6", "application/vnd.vega.v6+json", "Vega 6 chart: Sales, bar"],
])("a specification of %s %s is a chart", async (grammar, version, type, name) => {
  const spec = {
    $schema: `https://vega.github.io/schema/${grammar}/${version}.json`,
    title: "Sales",
    mark: { type: "bar" },
    data: { values: [{ a: 1 }] },
  };
  for (const value of [spec, { toSpec: () => spec }]) {
    expect(await data(value)).toMatchObject({ [type]: spec });
    expect((await text(value)).split("\n")[0]).toBe(name);
  }
});

test("plotly figures are charts, typed arrays in them are lists; other objects with data are not", async () => {
  const figure = { data: [{ x: new Float32Array([1, 2]), y: [3, 4], type: "bar" }], layout: { title: { text: "T" } } };
  expect(await data(figure)).toEqual({
    "application/vnd.plotly.v1+json": {
      data: [{ x: [1, 2], y: [3, 4], type: "bar" }],
      layout: { title: { text: "T" } },
    },
    "text/plain": 'Plotly figure "T": bar',
  });
  for (const other of [
    { data: [1], layout: {} },
    { data: [], layout: {} },
    { data: [{ x: 1 }] },
    { ...figure, page: 1 },
  ]) {
    expect(Object.keys(await data(other))).toEqual(["text/plain"]);
  }
});

/** As Observable Plot 0.6 makes them: the style sheet names the chart's own class only. */
const plotStyle =
  ":where(.plot-d6a7b5) { --plot-background: white; display: block; height: auto; }\n:where(.plot-d6a7b5 text),\n:where(.plot-d6a7b5 tspan) { white-space: pre; }";
const plot = `<svg class="plot-d6a7b5" fill="currentColor" width="640" height="400" viewBox="0 0 640 400"><style>${plotStyle}</style><g aria-label="dot"><circle r="3"></circle></g></svg>`;

test.each<[what: string, markup: string, type: string]>([
  ["a chart of Observable Plot", plot, "image/svg+xml"],
  [
    "its figure with a title and a legend",
    `<figure class="plot-d6a7b5-figure"><style>.plot-d6a7b5-figure { max-width: 640px }</style><h2>T</h2>${plot}</figure>`,
    "text/html",
  ],
  [
    "a chart with ids and media rules",
    '<svg viewBox="0 0 9 9"><style>#c1 .axis { fill: red } @media (prefers-color-scheme: dark) { #c1 { fill: white } }</style><g id="c1"></g></svg>',
    "image/svg+xml",
  ],
])("%s is shown as it is, its own styles included", async (_, markup, type) => {
  const { document } = new JSDOM(markup).window;
  const shown = await data(document.body.firstElementChild);
  expect(shown[type]).toContain("<style>");
  expect(String(shown["text/html"] ?? "")).not.toMatch(/<iframe|<img/);
});

test.each<[what: string, css: string]>([
  ["the notebook's own elements", "body { display: none }"],
  ["everything", ".a, * { color: red }"],
  ["a picture that it loads", ".a { background: url(//evil.example/x) }"],
  ["another sheet", '@import "//evil.example/x.css"; .a { color: red }'],
  ["something that is escaped", ".a { background: \\75rl(//evil.example) }"],
])("a style sheet that reaches %s is kept apart, in a frame as high as what is in it", async (_, css) => {
  const { document } = new JSDOM(`<div class="a"><style>${css}</style>${plot}</div>${plot.replace(plotStyle, css)}`)
    .window;
  const [div, svg] = document.body.children;
  const framed = String((await data(div))["text/html"]);
  expect(framed).toMatch(/^<iframe sandbox="" /);
  expect(Number(/height: calc\((\d+)px/.exec(framed)?.[1])).toBeGreaterThanOrEqual(400);
  expect(String((await data(svg))["text/html"])).toMatch(/^<img alt="" style="max-width: 100%" src="data:image/);
});

test("elements and canvases are what they show", async () => {
  const { document } = new JSDOM('<p class="a">hi <b>x</b></p><svg><circle r="3"></circle></svg>').window;
  expect(await data(document.querySelector("p"))).toMatchObject({ "text/html": '<p class="a">hi <b>x</b></p>' });
  expect(await data(document.querySelector("svg"))).toMatchObject({
    "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>', // frontends read it as XML
  });
  const bytes = Buffer.from("89504e470d0a1a0a", "hex");
  const canvas = {
    width: 3,
    height: 4,
    getContext() {},
    toDataURL: (type: string) => `data:${type};base64,${bytes.toString("base64")}`,
  };
  const expected = { "image/png": bytes.toString("base64"), "text/plain": "Canvas, 3 x 4" };
  expect(await data(canvas)).toEqual(expected);
  expect(await data({ ...canvas, toDataURL: undefined, toBuffer: () => bytes })).toEqual(expected);
  expect(await data({ ...canvas, toDataURL: async () => canvas.toDataURL("image/png") })).toEqual(expected);
});

test("data frames are tables of their first and last rows", async () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ id: i, name: `n${i}` }));
  const records = (part: object[]) => ({ toRecords: () => part });
  const frame = {
    schema: { id: "Int64", name: "Utf8" },
    height: 100,
    head: (n: number) => records(rows.slice(0, n)),
    tail: (n: number) => records(rows.slice(-n)),
    toRecords: () => rows,
  };
  const shown = await cells(frame);
  expect(shown.rows.at(0)).toEqual(["", "id", "name"]);
  expect(shown.rows.at(1)).toEqual(["0", "0", "n0"]);
  expect(shown.rows.at(-1)).toEqual(["99", "99", "n99"]);
  expect(shown.note).toBe("100 rows × 2 columns");
  const arquero = { columnNames: () => ["id"], numRows: () => 3, get: (_: string, row: number) => row * 10 };
  expect((await cells(arquero)).rows.at(-1)).toEqual(["2", "20"]);
});

test("errors are their description", async () => {
  expect(await text(new TypeError("bad"))).toBe("TypeError: bad");
});

test("nothing was told on the way", () => {
  expect(warned).toEqual([]);
});

test("numbers, strings, small objects: the time it takes to show them is printed", () => {
  for (const value of [5, "abc", { a: 1 }, [1, 2]]) {
    for (let i = 0; i < 2000; i++) toBundle(value);
    const started = performance.now();
    for (let i = 0; i < 2000; i++) toBundle(value);
    console.log(`display: ${JSON.stringify(value)} as a bundle: ${((performance.now() - started) / 2).toFixed(1)} us`);
  }
  expect(toBundle(5)).toEqual({ data: { "text/plain": "5" } });
});
