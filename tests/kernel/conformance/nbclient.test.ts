/** Notebooks as nbclient executes them, which is what nbconvert, papermill, nbval and the documentation tools do. */
import { expect, test } from "vitest";
import { Jupyter } from "./jupyter.ts";

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string;
  readonly ename?: string;
  readonly evalue?: string;
  readonly data?: Readonly<Record<string, string>>;
}

interface Cell {
  readonly count: number;
  readonly outputs: readonly Output[];
}

/** Executes notebooks at once, each given by the sources of its cells. */
async function execute(notebooks: readonly (readonly string[])[], ...options: string[]): Promise<Cell[][]> {
  using jupyter = new Jupyter();
  const args = [...options, ...notebooks.map((cells) => JSON.stringify(cells))];
  const { code, stdout, stderr } = await jupyter.run("execute_notebooks.py", args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Cell[][];
}

const printed = (cell: Cell | undefined): string =>
  (cell?.outputs ?? [])
    .filter((output) => output.name === "stdout")
    .map((output) => output.text)
    .join("");
const plain = (cell: Cell | undefined): string | undefined =>
  cell?.outputs.find((output) => output.output_type === "execute_result")?.data?.["text/plain"];
const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");

test("3,000 printed lines stay in their cell, and 53 in the next", async () => {
  const print = (count: number) => `for (let i = 0; i < ${count}; i++) console.log(\`line \${i}\`);`;
  const [cells = []] = await execute([[print(3000), print(53)]]);
  expect(printed(cells[0])).toBe(numbered(3000));
  expect(printed(cells[1])).toBe(numbered(53));
});

test("with allow_errors the cell after an error runs, and sees what the failed one had defined", async () => {
  const [cells = []] = await execute(
    [["const before = 5;\nthrow new TypeError('on purpose');", "before * 2"]],
    "--allow-errors",
  );
  expect(cells[0]?.outputs).toMatchObject([{ output_type: "error", ename: "TypeError", evalue: "on purpose" }]);
  expect(plain(cells[1])).toBe("10");
  expect(cells.map((cell) => cell.count)).toEqual([1, 2]);
});

// nbclient itself drops what comes for a cell that has ended; a kernel that names the running cell puts it there instead
test("late text of a timer is never put under the cell that runs by then", async () => {
  const [cells = []] = await execute([
    [
      'setTimeout(() => console.log("late"), 200);\nconsole.log("now");',
      'await new Promise((resolve) => setTimeout(resolve, 600));\nconsole.log("own");',
    ],
  ]);
  expect(printed(cells[0])).toBe("now\n");
  expect(printed(cells[1])).toBe("own\n");
});

test("half a character leaves a notebook that Python can write", async () => {
  const [cells = []] = await execute(
    [
      [
        "console.log('So happy 😀'.slice(0, 10))",
        "display.json({ '\\ud83d': '\\ude00' }); '\\ud83d'",
        "throw new Error('\\ud83d')",
      ],
    ],
    "--allow-errors",
  );
  expect(printed(cells[0])).toBe("So happy \ufffd\n");
  expect(cells[2]?.outputs).toMatchObject([{ ename: "Error", evalue: "\ufffd" }]);
});

test("three notebooks run at once, each with its own variables and outputs", async () => {
  const notebook = (name: string) => [
    `const name = "${name}"; let sum = 0;`,
    "for (let i = 0; i < 200; i++) {\n  await new Promise((resolve) => setTimeout(resolve, 1));\n  sum += i;\n  console.log(name);\n}",
    "[name, sum].join(' ')",
  ];
  const notebooks = await execute(["one", "two", "three"].map(notebook));
  expect(notebooks.map((cells) => plain(cells[2]))).toEqual(["'one 19900'", "'two 19900'", "'three 19900'"]);
  expect(notebooks.map((cells) => printed(cells[1]))).toEqual(
    ["one", "two", "three"].map((name) => `${name}\n`.repeat(200)),
  );
});
