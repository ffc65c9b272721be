import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { kernelsFolder } from "../../../kernel/install/folders.ts";
import { installKernelspec } from "../../../kernel/install/kernelspec.ts";

let prefix = "";
beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), "thaw-install-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(prefix, { recursive: true });
});

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
