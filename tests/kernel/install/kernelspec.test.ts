import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { kernelsFolder } from "../../../kernel/install/folders.ts";
import { installKernelspec, uninstallKernelspec } from "../../../kernel/install/kernelspec.ts";
import { ensureBuilt } from "../../built.ts";

await ensureBuilt(); // a kernelspec names files of the build

let prefix = "";
beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), "thaw-install-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(prefix, { recursive: true });
});

const code = (text: string) => expect.objectContaining({ code: text });
const kernels = () => join(prefix, "share/jupyter/kernels");
function writeSpec(name: string, content: string): void {
  mkdirSync(join(kernels(), name), { recursive: true });
  writeFileSync(join(kernels(), name, "kernel.json"), content);
}

test("the kernelspec names files that exist, by absolute paths, and brings its logos", () => {
  const folder = installKernelspec({ prefix });
  expect(folder).toBe(join(prefix, "share/jupyter/kernels/thaw"));
  const spec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
  expect(spec).toMatchObject({ display_name: "TypeScript (Thaw)", language: "typescript", interrupt_mode: "message" });
  // What VS Code needs: no shell stands between it and the kernel, and the language colours the cells.
  expect(spec.argv[0]).toBe(process.execPath);
  expect(spec.argv.at(-1)).toBe("{connection_file}");
  const paths = (spec.argv as string[]).filter(
    (argument) => !argument.startsWith("-") && argument !== "{connection_file}",
  );
  for (const path of paths) expect(isAbsolute(path) && existsSync(path)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
});

test("installing again replaces the older one", () => {
  installKernelspec({ prefix, displayName: "old" });
  const folder = installKernelspec({ prefix, displayName: "new" });
  expect(readFileSync(join(folder, "kernel.json"), "utf8")).toContain('"display_name": "new"');
});

test("the user's folder and the active environment are found as Jupyter finds them", () => {
  vi.stubEnv("JUPYTER_DATA_DIR", "/data");
  vi.stubEnv("VIRTUAL_ENV", "/env");
  expect(kernelsFolder({ user: true })).toBe("/data/kernels");
  expect(kernelsFolder({ sysPrefix: true })).toBe("/env/share/jupyter/kernels");
  vi.stubEnv("VIRTUAL_ENV", undefined);
  vi.stubEnv("CONDA_PREFIX", undefined);
  expect(() => kernelsFolder({ sysPrefix: true })).toThrow(/--prefix DIR/);
});

test.each(["../x", "..", ".", "", "a b"])("%j is no folder name and is refused", (name) => {
  expect(() => installKernelspec({ prefix, name })).toThrow(expect.objectContaining({ code: "BAD_KERNEL_NAME" }));
});

test("another kernel of that name is left alone", () => {
  const folder = join(prefix, "share/jupyter/kernels/python3");
  mkdirSync(folder, { recursive: true });
  const spec = '{"argv": ["python3", "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}';
  writeFileSync(join(folder, "kernel.json"), spec);
  expect(() => installKernelspec({ prefix, name: "python3" })).toThrow(
    expect.objectContaining({ code: "FOREIGN_KERNELSPEC", message: expect.stringContaining('"Python 3"') }),
  );
  expect(readFileSync(join(folder, "kernel.json"), "utf8")).toBe(spec);
});

test("what was installed is gone, and its neighbours are not", () => {
  installKernelspec({ prefix });
  const second = installKernelspec({ prefix, name: "thaw-2" });
  expect(uninstallKernelspec({ prefix })).toBe(join(kernels(), "thaw"));
  expect(existsSync(join(kernels(), "thaw"))).toBe(false);
  expect(existsSync(join(second, "kernel.json"))).toBe(true);
});

test("a kernel whose files are gone already can be taken away too", () => {
  const argv = ["/gone/node", "/gone/node_modules/thaw/dist/kernel/main.cjs", "{connection_file}"];
  writeSpec("thaw", JSON.stringify({ argv, language: "typescript", display_name: "TypeScript (Thaw)" }));
  uninstallKernelspec({ prefix });
  expect(existsSync(join(kernels(), "thaw"))).toBe(false);
});

test("where nothing is, it says so", () => {
  expect(() => uninstallKernelspec({ prefix })).toThrow(code("NO_KERNELSPEC"));
  expect(() => uninstallKernelspec({ prefix, name: ".." })).toThrow(code("BAD_KERNEL_NAME"));
});

test.each([
  ["of another program", JSON.stringify({ argv: ["python3", "-m", "x"], display_name: "X", language: "python" })],
  ["that starts another main.js", JSON.stringify({ argv: ["node", "/x/main.js"], language: "typescript" })],
  ["that is cut short", '{"argv": ["node'],
])("a kernel %s is left alone", (_, content) => {
  writeSpec("thaw", content);
  expect(() => uninstallKernelspec({ prefix })).toThrow(code("FOREIGN_KERNELSPEC"));
  expect(existsSync(join(kernels(), "thaw", "kernel.json"))).toBe(true);
});

test("a package of another name beside a main.js makes the kernel another's", () => {
  const main = join(prefix, "other/dist/kernel/main.js");
  mkdirSync(join(main, ".."), { recursive: true });
  writeFileSync(main, "");
  writeFileSync(join(prefix, "other/package.json"), '{"name": "other"}');
  writeSpec("thaw", JSON.stringify({ argv: [process.execPath, main], language: "typescript" }));
  expect(() => uninstallKernelspec({ prefix })).toThrow(code("FOREIGN_KERNELSPEC"));
});
