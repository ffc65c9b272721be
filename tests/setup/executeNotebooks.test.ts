/** Notebooks executed as `npm start` does it, in the Python kernel that comes with JupyterLab. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository, scratchClone } from "./scratchClone.ts";

const python = join(repository, ".venv", "bin", "python");
const program = join(repository, "setup", "execute_notebooks.py");

/** Writes a notebook of code cells; the last one is tagged `comparison`. */
function writeNotebook(folder: string, name: string, cells: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const code = cells.map((source, index) => ({
    cell_type: "code",
    id: `cell-${index}`,
    metadata: index === cells.length - 1 ? { tags: ["comparison"] } : {},
    execution_count: null,
    outputs: [],
    source,
  }));
  writeFileSync(join(folder, name), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: code }));
}

const environmentOf = (root: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: root,
  IPYTHONDIR: root,
  JUPYTER_RUNTIME_DIR: root,
});

test("outputs are shown as they come, copies and HTML are kept, and the comparison ends the text", () => {
  const { root } = scratchClone("nothing");
  writeNotebook(join(root, "notebooks"), "01.ipynb", [
    "print('hello')\nh = display({'text/plain': 'row 0'}, raw=True, display_id=True)\nfor i in range(1, 4): h.update({'text/plain': f'row {i}'}, raw=True)",
    "display({'text/plain': 'head 0.7'}, raw=True)",
  ]);
  const args = [program, "--kernel", "python3", join(root, "notebooks"), join(root, "results"), "01.ipynb"];
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: "utf8", env: environmentOf(root) });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(
    /Notebook 1 of 1: 01\nhello\nrow 0\nrow 3\nhead 0\.7\n== 01: [\d.]+ s, results\/01\.ipynb\n\nhead 0\.7\n\nAll notebooks ran in/,
  );
  expect(readdirSync(join(root, "results")).sort()).toEqual(["01.html", "01.ipynb"]);
});

test("a cell that fails is quoted, what came before is kept beside, and the code is 1", () => {
  const { root } = scratchClone("nothing");
  writeNotebook(join(root, "notebooks"), "01.ipynb", ["x = 1", "1 / 0"]);
  const args = [program, "--kernel", "python3", join(root, "notebooks"), join(root, "results"), "01.ipynb"];
  const { status, stderr } = spawnSync(python, args, { encoding: "utf8", env: environmentOf(root) });
  expect(status).toBe(1);
  expect(stderr).toContain("A cell of 01.ipynb failed");
  expect(stderr).toContain("division by zero");
  expect(readdirSync(join(root, "results"))).toEqual(["01.failed.ipynb"]);
});

test("Ctrl-C ends it with one sentence and takes the kernel with it", async () => {
  const { root } = scratchClone("nothing");
  const sign = join(root, "kernel.pid");
  writeNotebook(join(root, "notebooks"), "01.ipynb", [
    `import os, time\nopen(${JSON.stringify(`${sign}.part`)}, "w").write(str(os.getpid()))\nos.rename(${JSON.stringify(`${sign}.part`)}, ${JSON.stringify(sign)})\ntime.sleep(60)`,
  ]);
  const args = [program, "--kernel", "python3", join(root, "notebooks"), join(root, "results"), "01.ipynb"];
  const child = spawn(python, args, { env: environmentOf(root), stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (piece) => {
    text += piece;
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  while (!existsSync(sign) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(text).toMatch(/\nStopped\. .*\n$/);
  expect(() => process.kill(Number(readFileSync(sign, "utf8")), 0)).toThrow("ESRCH");
});

test("the time left follows the cells' recorded times and the speed of this run", () => {
  const script = [
    "from notebook_times import Estimate, cell_seconds",
    "e = Estimate([[10.0, 20.0], [30.0]])",
    "print(e.left(0, 0, 4.0))",
    "e.finish(0, 0, 20.0)",
    "print(e.left(0, 1, 0.0))",
    "print(Estimate([[1.0, None]]).left(0, 0, 0.0))",
    "at = lambda s: f'2026-01-01T00:00:{s:02d}.000000Z'",
    "print(cell_seconds({'metadata': {'execution': {'iopub.execute_input': at(1), 'shell.execute_reply': at(9)}}}))",
  ].join("\n");
  const { stdout, stderr } = spawnSync(python, ["-c", script], { encoding: "utf8", cwd: join(repository, "setup") });
  expect(stdout, stderr).toBe("56.0\n100.0\nNone\n8.0\n");
});
