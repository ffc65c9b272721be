import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Output, readNotebook } from "../../../cli/run/notebook.ts";
import { isWellFormed, sleep } from "../../kernel/client.ts";
import { invalidity, notebookOf, pythonSays, start, thawRun, write } from "./notebooks.ts";

let folder: string;
let out: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-run-test-"));
  out = join(folder, "deep", "out.ipynb");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The outputs of each cell, short: text of streams, plain text of results, names of errors. */
function shown(path: string): string[][] {
  const say = (output: Output): string => {
    if (output.output_type === "stream") return `${output.name}: ${output.text.trimEnd()}`;
    if (output.output_type === "error") return `${output.ename}: ${output.evalue}`;
    return `${output.output_type}: ${String(output.data["text/plain"])}`;
  };
  return readNotebook(path).cells.map((cell) => (cell.outputs ?? []).map(say));
}

test("a notebook runs with its parameters, and what it writes is a valid notebook", async () => {
  const notebook = notebookOf([
    { source: "let epochs = 3", tags: ["parameters"] },
    "const { seed, name } = params({ seed: 0, name: 'a', epochs: 0 });\n[epochs, seed, name].join(' ')",
    "console.log('one'); console.error('two'); console.log('three')",
    "setTimeout(() => console.log('late'), 200); const shown = display('before')",
    "await new Promise((resolve) => setTimeout(resolve, 500)); shown.update('after')",
    "console.log('gone'); clearOutput({ wait: true }); console.log('kept')",
    "   ",
    { source: "throw new Error('never')", tags: ["skip-execution"] },
    { source: "throw new Error('expected')", tags: ["raises-exception"] },
  ]);
  const path = write(folder, notebook);
  const { code, stderr } = await thawRun(path, "-p", "epochs", "2", "-p", "seed", "-7", "-r", "name", "007", "-o", out);
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^cell 1 of 8 {2}0:0\d {2}let epochs = 3\ncell 2 of 8 .*\n[\s\S]*Ran 8 cells, wrote /),
  ]);
  expect(shown(out)).toEqual([
    [],
    [],
    ["execute_result: '2 -7 007'"],
    ["stdout: one", "stderr: two", "stdout: three"],
    ["display_data: 'after'", "stdout: late"],
    [],
    ["stdout: kept"],
    [],
    [],
    ["Error: expected"],
  ]);
  expect(invalidity(out)).toBe("");
  const executed = readNotebook(out);
  expect(executed.cells[1]?.source).toBe(
    '// Parameters\nlet epochs = 2;\nlet seed = -7;\nlet name = "007";\nparams.inject({ epochs, seed, name });',
  );
  expect(executed.cells[1]?.metadata.tags).toEqual(["injected-parameters"]);
  expect(executed.cells.map((cell) => cell.execution_count)).toEqual([1, 2, 3, 4, 5, 6, 7, null, null, 8]);
  expect(Object.keys(executed.cells[0]?.metadata.execution ?? {}).sort()).toEqual([
    "iopub.execute_input",
    "iopub.status.busy",
    "iopub.status.idle",
    "shell.execute_reply",
  ]);
  expect(executed.metadata.papermill).toMatchObject({
    exception: null,
    parameters: { epochs: 2, seed: -7, name: "007" },
  });
  expect(readdirSync(join(folder, "deep"))).toEqual(["out.ipynb"]);

  await thawRun(out, "-p", "epochs", "9", "--inplace");
  expect(shown(out)[2]).toEqual(["execute_result: '9 0 a'"]); // the earlier run's parameters are replaced, not added to
});

test("the first error ends the run with its traceback and exit code 1; what ran is saved", async () => {
  const path = write(folder, notebookOf(["const a = 1", "console.log(a)\nthrow new Error('no more')", "a"]));
  const failed = await thawRun(path, "-o", out, "--log-output");
  expect([failed.code, failed.stdout]).toEqual([1, "1\n"]);
  expect(failed.stderr).toMatch(/Error: no more\n {4}at In\[2\]:2:7\n[\s\S]*Cell 2 failed, wrote/);
  expect(shown(out)).toEqual([[], ["stdout: 1", "Error: no more"], []]);
  const allowed = await thawRun(path, "-o", out, "--allow-errors");
  expect([allowed.code, shown(out)[2]]).toEqual([0, ["execute_result: 1"]]);
});

test("a cell that takes too long is interrupted, and one that ends the process is told of", async () => {
  const slow = await thawRun(
    write(folder, notebookOf(["await new Promise(() => {})", "1"])),
    "-o",
    out,
    "--timeout",
    "0.5",
  );
  expect(slow.code).toBe(1);
  expect(slow.stderr).toContain("longer than 0.5 s");
  expect(shown(out)[0]?.[0]).toMatch(/Interrupt/);
  const gone = await thawRun(write(folder, notebookOf(["process.kill(process.pid, 'SIGKILL')", "1"])), "-o", out);
  expect([gone.code, shown(out)]).toEqual([1, [["DeadKernel: The kernel ended with SIGKILL."], []]]);
  expect(invalidity(out)).toBe("");
});

test("Ctrl-C interrupts the cell, saves what there is, leaves no kernel and exits with 130", async () => {
  const path = write(
    folder,
    notebookOf(["console.log(process.pid)", "for (;;) await new Promise((r) => setTimeout(r, 10))", "1"]),
  );
  rmSync(out, { force: true });
  const { child, ended } = start([path, "-o", out, "--log-output"]);
  let pid = 0;
  child.stdout?.on("data", (text) => {
    pid ||= Number(text);
  });
  let log = "";
  child.stderr?.on("data", (text) => {
    log += String(text);
  });
  while (!log.includes("cell 2 of 3")) await sleep(20);
  await sleep(200);
  const asked = performance.now();
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  console.log(`ended ${(performance.now() - asked).toFixed(0)} ms after Ctrl-C`);
  expect([code, stderr]).toEqual([130, expect.stringContaining("Interrupted in cell 2")]);
  expect(shown(out)[1]).toEqual([expect.stringMatching(/^KernelInterrupt/)]);
  expect(() => process.kill(pid, 0)).toThrow();
});

test.each([
  ["no output", notebookOf(["1"]), [], "one of: -o"],
  [
    "Python",
    { ...notebookOf([]), metadata: { kernelspec: { name: "python3", language: "python" } } },
    ["-o", "x"],
    "is a notebook of python",
  ],
  ["nbformat 3", { nbformat: 3, worksheets: [] }, ["-o", "x"], "nbformat 3"],
  ["another file", { name: "thaw" }, ["-o", "x"], "is no notebook"],
  ["a cell that is null", { ...notebookOf(["1"]), cells: [null] }, ["-o", "x"], "is no notebook: cell 1 is null"],
  [
    "a mistyped parameter",
    notebookOf(["params({ epochs: 3 })"]),
    ["-o", "x", "-p", "epoch", "1"],
    'no parameter "epoch". Did you mean "epochs"?',
  ],
  ["a value missing", notebookOf(["1"]), ["-o", "x", "-p", "epochs"], "takes a name and a value"],
  [
    "a whole number that would be rounded",
    notebookOf(["params({ id: 0 })"]),
    ["-o", "x", "-p", "id", "9007199254740993"],
    "Give it as text, with -r instead of -p",
  ],
  ["a number without end", notebookOf(["1"]), ["-o", "x", "-p", "id", "1e999"], "no number that JavaScript can hold"],
  ["no name", notebookOf(["1"]), ["-o", "x", "-p", "2x", "1"], "no name for a variable"],
] as const)("%s is refused with a sentence before anything runs", async (_, notebook, args, message) => {
  const { code, stderr } = await thawRun(write(folder, notebook), ...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test("large whole numbers arrive exactly as text, and a key named __proto__ as a property", async () => {
  const path = write(folder, notebookOf(["const { id, map } = params({ id: 0n, map: {} });\n[id, Object.keys(map)]"]));
  const file = write(folder, JSON.parse('{ "map": { "__proto__": 1, "a": 2 } }') as object, "proto.json");
  expect((await thawRun(path, "-r", "id", "9007199254740993", "--parameters", file, "-o", out)).code).toBe(0);
  expect(shown(out)[1]).toEqual(["execute_result: [ 9007199254740993n, [ '__proto__', 'a' ] ]"]);
  const rounded = join(folder, "rounded.json");
  writeFileSync(rounded, '{ "ids": [1, 9007199254740993] }');
  expect((await thawRun(path, "--parameters", rounded, "-o", out)).stderr).toContain(
    'Give it as text: "9007199254740993"',
  );
});

test("an output of any length is in the notebook: what a kernel takes from clients is no limit on what it says", async () => {
  const path = write(folder, notebookOf(["display.html('x'.repeat(2 ** 26 + 1))"]));
  expect((await thawRun(path, "-o", out)).code).toBe(0);
  expect(readFileSync(out, "utf8").length).toBeGreaterThan(2 ** 26);
});

const cell = notebookOf(["1"]).cells[0] as object;
test.each<[what: string, notebook: object, told: string]>([
  ["a list", [], 'it says nothing of its "nbformat"'],
  ["metadata that are a list", { ...notebookOf([]), metadata: [] }, "its metadata are a list"],
  ["cells that are an object", { ...notebookOf([]), cells: {} }, 'no list "cells"'],
  ["a number among the cells", { ...notebookOf([]), cells: [cell, 5] }, "cell 2 is a number"],
  ["a list among the cells", { ...notebookOf([]), cells: [[]] }, "cell 1 is a list"],
  ["a cell without a type", { ...notebookOf([]), cells: [{ source: "1" }] }, 'cell 1 has nothing for its "cell_type"'],
  ["a cell without a source", { ...notebookOf([]), cells: [{ cell_type: "code" }] }, 'nothing for its "source"'],
  ["a source of numbers", { ...notebookOf([]), cells: [{ ...cell, source: [1, 2] }] }, 'a list for its "source"'],
  [
    "metadata of a cell that are a text",
    { ...notebookOf([]), cells: [{ ...cell, metadata: "x" }] },
    "a string for its metadata",
  ],
  [
    "tags that are a text",
    { ...notebookOf([]), cells: [{ ...cell, metadata: { tags: "x" } }] },
    "a string for its tags",
  ],
  [
    "tags that are numbers",
    { ...notebookOf([]), cells: [{ ...cell, metadata: { tags: [1] } }] },
    "a list for its tags",
  ],
  ["nesting without end", { ...notebookOf([]), deep: "DEEP" }, "a thousand levels deep"],
])("a notebook with %s is refused with a sentence that says where", (_, notebook, told) => {
  const path = join(folder, "odd.ipynb");
  writeFileSync(path, JSON.stringify(notebook).replace('"DEEP"', `${"[".repeat(5000)}${"]".repeat(5000)}`));
  expect(() => readNotebook(path)).toThrow(
    expect.objectContaining({ code: "NO_NOTEBOOK", message: expect.stringContaining(told) }),
  );
});

test("outputs of any sort in the file do not matter, since running replaces them", async () => {
  const outputs = [
    null,
    [5],
    "x",
    [null],
    [{}],
    [{ output_type: "display_data" }],
    [{ output_type: "stream", text: null }],
  ];
  const path = write(folder, {
    ...notebookOf([]),
    cells: outputs.map((each, i) => ({ ...cell, id: `c${i}`, outputs: each })),
  });
  expect((await thawRun(path, "-o", out)).code).toBe(0);
  expect(shown(out)).toEqual(outputs.map(() => ["execute_result: 1"]));
  expect(invalidity(out)).toBe("");
});

test("half a character, printed, shown, thrown, or in the file already, leaves a file that programs of every sort can write again", async () => {
  const path = join(folder, "half.ipynb");
  const sources = [
    "console.log('So happy 😀'.slice(0, 10))",
    "'\\ud83d' // HALF",
    "display.json({ '\\ud83d': ['\\ude00'] })",
    "throw new Error('\\ud83d')",
  ];
  writeFileSync(
    path,
    JSON.stringify(notebookOf(sources))
      .replace("HALF", "\\ud83d")
      .replace('"metadata":{"kernelspec"', '"metadata":{"odd\\ude00":1,"kernelspec"'),
  );
  expect((await thawRun(path, "--inplace", "--allow-errors")).code).toBe(0);
  expect(isWellFormed(JSON.parse(readFileSync(path, "utf8")))).toBe(true);
  expect(shown(path).flat()).toEqual([
    "stdout: So happy \ufffd",
    "execute_result: '\\ud83d'",
    expect.stringContaining("display_data"),
    "Error: \ufffd",
  ]);
  const python = "import nbformat, sys; nbformat.write(nbformat.read(sys.argv[1], as_version=4), sys.argv[1])";
  expect(pythonSays(python, path)).toBe("");
  expect(shown(path)).toHaveLength(4);
});

test("parameters come from a JSON file too, and the input stays as it was", async () => {
  const path = write(folder, notebookOf(["const { rates } = params({ rates: [1] })\nrates"]));
  const before = readFileSync(path, "utf8");
  const file = write(folder, { rates: [0.5, 2] }, "parameters.json");
  expect((await thawRun(path, "--parameters", file, "-o", out)).code).toBe(0);
  expect(shown(out)[1]).toEqual(["execute_result: [ 0.5, 2 ]"]);
  expect(readFileSync(path, "utf8")).toBe(before);
});
