import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installKernelspec } from "../../../kernel/install/kernelspec.ts";
import { uninstallKernelspec } from "../../../kernel/install/uninstall.ts";

let prefix = "";
beforeEach(() => {
  prefix = mkdtempSync(join(tmpdir(), "thaw-uninstall-"));
});
afterEach(() => rmSync(prefix, { recursive: true }));

const code = (text: string) => expect.objectContaining({ code: text });
const kernels = () => join(prefix, "share/jupyter/kernels");
function writeSpec(name: string, content: string): void {
  mkdirSync(join(kernels(), name), { recursive: true });
  writeFileSync(join(kernels(), name, "kernel.json"), content);
}

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
