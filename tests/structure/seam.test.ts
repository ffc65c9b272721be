/** The library imports modules of Node in one folder, so that another place to run replaces src/platform. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";
import { filesIn, root } from "./imports.ts";

/** Modules of Node that a source names: imported, exported from, required, as a type, or in the text of a script. */
function nodeModulesIn(source: string): string[] {
  const found: string[] = [];
  const note = (node: unknown): void => {
    const name = (node as { value?: unknown } | null | undefined)?.value;
    if (typeof name === "string" && isBuiltin(name)) found.push(name);
  };
  const noteText = (text: string): void => {
    for (const [, name] of text.matchAll(/\b(?:require|import)\(\s*["']([^"']+)["']/g)) note({ value: name });
  };
  new Visitor({
    ImportDeclaration: (node) => note(node.source),
    ExportNamedDeclaration: (node) => note(node.source),
    ExportAllDeclaration: (node) => note(node.source),
    ImportExpression: (node) => note(node.source),
    TSImportType: (node) => note(node.source),
    TSImportEqualsDeclaration: (node) => note((node.moduleReference as { expression?: unknown }).expression),
    CallExpression: (node) => {
      const callee = source.slice(node.callee.start, node.callee.end);
      if (/(^|\.)(require|getBuiltinModule|loadPackage)$|^createRequire\(/.test(callee)) note(node.arguments[0]);
    },
    TemplateElement: (node) => noteText(node.value.raw),
    Literal: (node) => {
      if (typeof node.value === "string") noteText(node.value);
    },
  }).visit(parseSync("example.ts", source).program);
  return found;
}

test("of the library and what it shares with the kernel, only src/platform imports modules of Node", () => {
  const files = ["shared", "src"].flatMap((folder) => filesIn(folder));
  const named = (file: string) => nodeModulesIn(readFileSync(join(root, file), "utf8"));
  const [platform, others] = [true, false].map((inside) =>
    files.filter((file) => file.startsWith(join("src", "platform")) === inside),
  ) as [string[], string[]];
  expect(platform.flatMap(named).length).toBeGreaterThan(10);
  expect(others.length).toBeGreaterThan(100);
  expect(others.flatMap((file) => named(file).map((name) => `${file}: ${name}`))).toEqual([]);
});

test.each([
  ['import { join } from "node:path";', "node:path"],
  ['import type { Stats } from "fs";', "fs"],
  ['export { join } from "node:path";', "node:path"],
  ['export * from "node:fs/promises";', "node:fs/promises"],
  ['const os = await import("node:os");', "node:os"],
  ['const { spawn } = require("node:child_process");', "node:child_process"],
  ['createRequire(import.meta.url)("os");', "os"],
  ['process.getBuiltinModule("node:fs");', "node:fs"],
  ['let stats: import("node:fs").Stats;', "node:fs"],
  ['const script = `const { readFileSync } = require("node:fs");`;', "node:fs"],
])("%s would be found", (source, name) => {
  expect(nodeModulesIn(source)).toEqual([name]);
});

test.each([
  'import { join } from "../platform/files.ts";',
  'const advice = \'Use homedir() of "node:os", from "node:url".\';',
  'import hub from "@huggingface/hub";',
])("%s is allowed", (source) => {
  expect(nodeModulesIn(source)).toEqual([]);
});
