/** papermill, nbconvert, nbval, jupytext and JupyterLab's server with this kernel, as their users run them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notebookOf, pythonSays, thawRun } from "../../cli/run/notebooks.ts";
import { isWellFormed } from "../../kernel/client.ts";
import { Jupyter } from "../../kernel/conformance/jupyter.ts";
import { Tools } from "./tools.ts";

let tools: Tools;
beforeAll(() => {
  tools = new Tools();
}, 600_000);
afterAll(() => tools[Symbol.dispose]());

/** The plain text of each cell's result. */
const results = (name: string): (string | undefined)[] =>
  tools.read(name).cells.map((cell) => {
    const output = cell.outputs?.find(({ output_type }) => output_type === "execute_result");
    const text: unknown = output?.output_type === "execute_result" ? output.data["text/plain"] : undefined;
    return text === undefined ? undefined : [text].flat().join("");
  });

const notebook = notebookOf([
  { source: "let epochs: number = 3; // how long", tags: ["parameters"] },
  "const { seed, rates, note } = params({ seed: 0, rates: [1], note: null as unknown });\n[epochs, seed, rates, note]",
]);

test("papermill gives parameters to variables and to params(), with the types they have in Python", () => {
  tools.write("in.ipynb", notebook);
  const yaml = 'rates: [0.5, 2]\nnote: {"a \\"b\\"": [null, true, "é\\n"]}';
  const { code, text } = tools.run(
    "papermill",
    "in.ipynb",
    "out.ipynb",
    "-k",
    "thaw",
    "-p",
    "epochs",
    "2",
    "-p",
    "seed",
    "-7",
    "-y",
    yaml,
  );
  expect(code, text).toBe(0);
  expect(results("out.ipynb")[2]).toBe("[ 2, -7, [ 0.5, 2 ], { 'a \"b\"': [ null, true, 'é\\n' ] } ]");
  expect(tools.read("out.ipynb").cells[1]?.metadata.tags).toEqual(["injected-parameters"]);
});

test("papermill lists the parameters of a notebook, and stops at an error", () => {
  tools.write("in.ipynb", notebook);
  expect(tools.run("papermill", "--help-notebook", "in.ipynb").text).toMatch(/epochs: number \(default 3\)\s+how long/);
  const refused = tools.run("papermill", "in.ipynb", "out.ipynb", "-k", "thaw", "-r", "seed", "many");
  expect([refused.code, refused.text]).toEqual([1, expect.stringContaining('"seed" is a number')]);
});

test("jupyter nbconvert executes a notebook and makes HTML of it", () => {
  tools.write("in.ipynb", notebook);
  const { code, text } = tools.run(
    "jupyter-nbconvert",
    "--execute",
    "--to",
    "html",
    "in.ipynb",
    "--output",
    "page.html",
  );
  expect(code, text).toBe(0);
  const executed = tools.run(
    "jupyter-nbconvert",
    "--execute",
    "--to",
    "notebook",
    "in.ipynb",
    "--output",
    "done.ipynb",
  );
  expect(executed.code, executed.text).toBe(0);
  expect(results("done.ipynb")[1]).toBe("[ 3, 0, [ 1 ], null ]");
});

test("nbval passes a notebook that gives its stored outputs again, and fails one that does not", () => {
  tools.write("plain.ipynb", notebookOf(["console.log('a'); console.error('b')", "!echo shell\n6 * 7"]));
  tools.run("jupyter-nbconvert", "--execute", "--to", "notebook", "plain.ipynb", "--output", "kept.ipynb");
  const passed = tools.run("pytest", "--nbval", "-q", "-p", "no:cacheprovider", "kept.ipynb");
  expect([passed.code, passed.text]).toEqual([0, expect.stringContaining("2 passed")]);
  tools.write("changed.ipynb", JSON.stringify(tools.read("kept.ipynb")).replace('"42"', '"43"'));
  const failed = tools.run("pytest", "--nbval", "-q", "-p", "no:cacheprovider", "changed.ipynb");
  expect([failed.code, failed.text]).toEqual([1, expect.stringContaining("1 failed, 1 passed")]);
});

test("jupytext runs a percent file of TypeScript and writes it back unchanged", () => {
  const head =
    "// ---\n// jupyter:\n//   kernelspec:\n//     display_name: T\n//     language: typescript\n//     name: thaw\n// ---\n";
  const cells = "// %% [markdown]\n// # Title\n\n// %%\nconst x: number = 20;\n\n// %%\nx + 1\n";
  tools.write("script.ts", `${head}\n${cells}`);
  const { code, text } = tools.run("jupytext", "--to", "ipynb", "--execute", "script.ts");
  expect(code, text).toBe(0);
  expect(results("script.ipynb")).toEqual([undefined, undefined, "21"]);
  expect(tools.run("jupytext", "--to", "ts:percent", "script.ipynb", "-o", "-").text).toContain(cells.trimEnd());
});

/** Half a character on every way into a notebook's file. */
const halves = [
  "console.log('So happy 😀'.slice(0, 10)); console.error('\\ude00')",
  "display.json({ '\\ud83d': ['\\ude00'] }).update({ data: { 'text/html': '<b>\\ud83d' } })",
  "({ [Symbol.for('Jupyter.display')]: () => ({ 'application/vnd.plotly.v1+json': { data: [{ name: '\\ud83d' }] } }) })",
  "throw Object.assign(new Error('\\ud83d'), { code: '\\ud83d' })",
];
const ways: readonly [tool: string, run: (name: string) => Promise<{ code: number | null; text: string }>][] = [
  [
    "jupyter nbconvert --to html",
    async (name) => tools.run("jupyter-nbconvert", "--execute", "--allow-errors", "--to", "html", name),
  ],
  [
    "jupyter nbconvert --to notebook --inplace",
    async (name) =>
      tools.run("jupyter-nbconvert", "--execute", "--allow-errors", "--to", "notebook", "--inplace", name),
  ],
  ["jupyter execute --inplace", async (name) => tools.run("jupyter-execute", "--inplace", "--allow-errors", name)],
  [
    "papermill",
    async (name) => {
      const { code, text } = tools.run("papermill", name, name, "-k", "thaw", "-p", "epochs", "2");
      expect(text).toContain("Error: \ufffd"); // papermill stops at an error, and has saved what ran
      return { code: code === 1 ? 0 : code, text };
    },
  ],
  [
    "thaw run --inplace",
    async (name) => {
      const { code, stderr } = await thawRun(join(tools.folder, name), "--inplace", "--allow-errors");
      return { code, text: stderr };
    },
  ],
];

test.each(ways)(
  "half a character on every way out leaves %s a file that is whole and can be read",
  async (tool, run) => {
    const name = `${tool.replace(/\W+/g, "-")}.ipynb`;
    tools.write(name, notebookOf([...halves, "'the end'"]));
    const { code, text } = await run(name);
    expect(code, text).toBe(0);
    if (tool.endsWith("html")) {
      const page = readFileSync(join(tools.folder, name.replace(".ipynb", ".html")), "utf8");
      expect(page).toContain("So happy \ufffd");
      expect(page.trimEnd()).toMatch(/<\/html>$/);
      return;
    }
    const executed = tools.read(name);
    expect(isWellFormed(executed)).toBe(true);
    expect(JSON.stringify(executed)).toContain("So happy \ufffd");
    const shown = executed.cells.flatMap(({ outputs = [] }) => outputs.map(({ output_type }) => output_type));
    expect(shown.filter((type) => type !== "stream").slice(0, 3)).toEqual(["display_data", "execute_result", "error"]);
    expect(
      pythonSays(
        "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=4))",
        join(tools.folder, name),
      ),
    ).toBe("");
  },
);

test("half a character reaches JupyterLab mended, and what it saves can be opened again", async () => {
  using jupyter = new Jupyter();
  const folder = mkdtempSync(join(tmpdir(), "thaw-lab-"));
  try {
    const { code, stdout, stderr } = await jupyter.run("./jupyterlab.py", [folder, ...halves]);
    expect(code, stderr).toBe(0);
    const outputs = JSON.parse(stdout) as object[][];
    expect(outputs.map((each) => each.length)).toEqual([2, 1, 1, 1]);
    for (const text of [stdout, readFileSync(join(folder, "lab.ipynb"), "utf8")])
      expect(isWellFormed(JSON.parse(text))).toBe(true);
    expect(JSON.stringify(outputs)).toContain("So happy \ufffd");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
