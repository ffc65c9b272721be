import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { installKernelspec } from "../../../kernel/install/kernelspec.ts";
import { findKernelspecs, jupyterDataFolders } from "../../../kernel/install/search.ts";
import { ensureBuilt } from "../../built.ts";

await ensureBuilt(); // a kernelspec names files of the build

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "thaw-search-"));
  for (const name of ["JUPYTER_PATH", "JUPYTER_DATA_DIR", "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("PATH", join(home, "bin"));
  vi.stubEnv("HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function addProgram(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

test("folders come in the order in which Jupyter looks, each once", () => {
  vi.stubEnv("JUPYTER_PATH", `${home}/first:${home}/second:${home}/first`);
  vi.stubEnv("JUPYTER_DATA_DIR", `${home}/data`);
  vi.stubEnv("VIRTUAL_ENV", `${home}/env`);
  const expected = ["first", "second", "data", "env/share/jupyter", "more/share/jupyter"];
  expect(jupyterDataFolders([join(home, "more")])).toEqual([
    ...expected.map((path) => join(home, path)),
    "/usr/local/share/jupyter",
    "/usr/share/jupyter",
  ]);
});

test("a Python on PATH is asked where it lies, an environment's and that of jupyter are seen", () => {
  addProgram(join(home, "bin/python3"), `#!/bin/sh\necho ${home}/conda\n`);
  addProgram(join(home, "pipx/bin/python"), "");
  writeFileSync(join(home, "pipx/pyvenv.cfg"), "");
  addProgram(join(home, "bin/jupyter"), `#!${home}/pipx/bin/python\nimport sys\n`);
  const folders = jupyterDataFolders();
  expect(folders).toContain(join(home, "conda/share/jupyter"));
  expect(folders).toContain(join(home, "pipx/share/jupyter"));
});

test("a Python that fails is passed over", () => {
  addProgram(join(home, "bin/python3"), "#!/bin/sh\nexit 1\n");
  expect(jupyterDataFolders()).toContain("/usr/share/jupyter");
});

test("each kernel is told by what became of its Node and its files", () => {
  const good = installKernelspec({ prefix: join(home, "good"), name: "mine" });
  const spec = JSON.parse(readFileSync(join(good, "kernel.json"), "utf8")) as { argv: string[] };
  const write = (name: string, change: object): void => {
    const folder = join(home, "bad/kernels", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "kernel.json"), JSON.stringify({ ...spec, ...change }));
  };
  const gone = join(home, "gone/dist/kernel/main.cjs");
  write("a", { argv: [join(home, "node"), ...spec.argv.slice(1)] });
  write("b", { argv: [spec.argv[0], gone] });
  write("python3", { argv: ["python3"], language: "python" });
  write("thaw", { argv: ["python3"], language: "python" });
  const found = findKernelspecs([join(home, "good/share/jupyter"), join(home, "bad"), join(home, "missing")]);
  expect(found.map(({ name, state }) => [name, state])).toEqual([
    ["mine", { kind: "ok", version: expect.stringMatching(/^\d/), node: process.execPath }],
    ["a", { kind: "noNode", path: join(home, "node") }],
    ["b", { kind: "noKernel", path: gone }],
    ["thaw", { kind: "foreign" }],
  ]);
});
