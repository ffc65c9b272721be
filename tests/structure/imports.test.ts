/** Imports go downward only, without circles. The levels are those of docs/ARCHITECTURE.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { circlesOf, filesIn, type Import, importsOf, root } from "./imports.ts";

const folders = ["shared", "src", "kernel", "cli", "setup", "bench"];
const files = folders.flatMap((folder) => filesIn(folder));
const imports = files.flatMap((file) => importsOf(file));
const own = imports.filter(({ isFile }) => isFile);
const shown = ({ file, target, kind }: Import) => `${file} -> ${target}${kind === "value" ? "" : ` (${kind})`}`;

/** Bottom to top. A file imports from its own part and from those of lower rows, never up or across. */
const levelsOfSrc: readonly (readonly string[])[] = [
  ["errors.ts"],
  ["options.ts"],
  ["display"],
  ["platform"],
  ["hub", "tensor"],
  ["weights"],
  ["nn", "freezing"],
  ["task"],
  ["models"],
  ["tokenizer", "data", "schedule", "optim"],
  ["plan"],
  ["cache"],
  ["evaluate"],
  ["train"],
  ["recipes", "show"],
  ["run.ts", "exportOnnx.ts", "explain.ts", "embeddingMap.ts", "suspectedLabels.ts"],
  ["trainer.ts", "pipeline.ts"],
  ["index.ts"],
];

/** The threads of the kernel are one row: they share no values and no types, but what lies below them. */
const levelsOfKernel: readonly (readonly string[])[] = [
  ["shared"],
  ["install"],
  ["protocol", "cells", "language"],
  ["main.ts"],
];

/** Which folders a folder may import from, beside itself; of the kernel no thread, but for the wire that a client needs. */
const mayImport: Readonly<Record<string, RegExp>> = {
  shared: /^$/,
  src: /^shared\//,
  kernel: /^shared\//,
  cli: /^(shared|src)\/|^kernel\/(shared|install|protocol\/(wire|sockets))\//,
  bench: /^(shared|src)\/|^kernel\/(shared|install)\//,
  setup: /^$/,
};

const folderOf = (file: string) => file.slice(0, file.indexOf("/"));
const partOf = (file: string) => file.split("/")[1] as string;

function upwardOrAcross(folder: string, levels: readonly (readonly string[])[]): string[] {
  const levelOf = (file: string) => levels.findIndex((row) => row.includes(partOf(file)));
  return own
    .filter(({ file, target, kind }) => {
      if (folderOf(file) !== folder || folderOf(target) !== folder) return false;
      if (partOf(file) === partOf(target)) return false;
      // A thread is started by the name of its file: nothing of that is imported.
      return kind !== "thread" && levelOf(target) >= levelOf(file);
    })
    .map(shown);
}

test.each([
  ["src", levelsOfSrc],
  ["kernel", levelsOfKernel],
])("every part of %s has its level, and every level something in it", (folder, levels) => {
  const parts = new Set(filesIn(folder).map(partOf));
  expect([...parts].sort()).toEqual(levels.flat().sort());
});

test("imports in src go downward only, types included", () => {
  expect(upwardOrAcross("src", levelsOfSrc)).toEqual([]);
});

test("imports in the kernel go downward only, and its threads import nothing of each other, types included", () => {
  expect(upwardOrAcross("kernel", levelsOfKernel)).toEqual([]);
});

test("folders import only from those below them; src and kernel never from each other, and nothing from tests", () => {
  const wrong = own.filter(({ file, target }) => {
    const [from, to] = [folderOf(file), folderOf(target)];
    return from !== to && mayImport[from]?.test(target) !== true;
  });
  expect(wrong.map(shown)).toEqual([]);
});

test("every file that is imported, or started as a thread, is there", () => {
  const bundler = readFileSync(join(root, "setup/bundle.mjs"), "utf8");
  const isBundled = (target: string) => {
    const [, name] = /^kernel\/(\w+)\.cjs$/.exec(target) ?? [];
    return name !== undefined && (bundler.includes(`${name}: join(`) || bundler.includes(`"${name}.cjs"`));
  };
  const known = new Set(files);
  const missing = own.filter(({ target }) => !known.has(target) && !isBundled(target));
  expect(missing.map(shown)).toEqual([]);
});

test("no files import each other in a circle, for types neither", () => {
  expect(circlesOf(own).map((circle) => circle.join(" -> "))).toEqual([]);
});

test("what runs before node_modules is there imports no package", () => {
  const reached = new Set(["setup/setup.mjs", "setup/doctor.mjs"]);
  for (const at of reached) for (const { file, target } of own) if (file === at) reached.add(target);
  expect(reached.size).toBeGreaterThan(10);
  const packages = imports.filter(({ file, target, kind, isFile }) => {
    return reached.has(file) && kind !== "type" && !isFile && !target.startsWith("node:");
  });
  expect(packages.map(shown)).toEqual([]);
});

test("gradients and what they are saved from are named, not numbered", () => {
  const numbered = /\bwants\(\s*\d|\bsaved\s+as\s+\[|\bsaved\[\d/;
  const numbers = filesIn("src").filter((file) => numbered.test(readFileSync(join(root, file), "utf8")));
  expect(numbers).toEqual([]);
});

test("source files hold a concept and no more", () => {
  const languages = /\.(ts|mjs|cjs|py|cc|c|h)$/;
  const all = [...folders, "native", "python"].flatMap((folder) => filesIn(folder, languages));
  const lengths = all.map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length - 1 }));
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)];
  const count = (folder: string) => all.filter((file) => folderOf(file) === folder).length;
  const byFolder = [...folders, "native", "python"].map((folder) => `${folder} ${count(folder)}`).join(", ");
  const doors = new Set(own.map(({ file, target }) => `${file} ${target}`)).size / files.length;
  console.log(
    `${all.length} source files (at most 560): ${byFolder}\n` +
      `${at(0.5)} lines in the median (asked: 80 to 140), 90 % within ${at(0.9)}, longest ${sorted.at(-1)}\n` +
      `${doors.toFixed(2)} imports per file of other files of the project (asked: at most 3.5)`,
  );
  expect(lengths.filter(({ lines }) => lines > 450)).toEqual([]);
  // 470 when the house was rebuilt; each large capability since then has brought some twenty.
  expect(all.length).toBeLessThanOrEqual(560);
  expect(at(0.5)).toBeGreaterThanOrEqual(80);
  expect(at(0.5)).toBeLessThanOrEqual(140);
  expect(at(0.9)).toBeLessThanOrEqual(250);
});

test("the reader sees imports of every kind, and what is none", () => {
  const source = `
    import "./a.ts"; import b, { type B } from "./b.ts"; import type { C } from "./c.ts"; import { type D } from "./d.ts";
    export { e } from "./e.ts"; export type { F } from "./f.ts"; export * from "node:fs";
    const g = await import("./g.ts"); const h: import("./h.ts").H = g; const i = require("./i.cjs");
    new Worker(new URL("./j.ts", import.meta.url)); new URL("../docs/k.md", import.meta.url); new URL("./l.ts", base);
    const text = 'import m from "./m.ts"'; // import n from "./n.ts"`;
  const found = importsOf("src/x.ts", source).map(({ target, kind }) => `${target} ${kind}`);
  const outside = importsOf("cli/x.ts", 'import "thaw"; import "#dist/src/a.js"; import "../../b.ts"; import "c";');
  expect(outside.filter(({ isFile }) => isFile).map(({ target }) => target)).toEqual([
    ...["src/index.ts", "src/a.js", "../b.ts"],
  ]);
  const letters =
    "src/a.ts value,src/b.ts value,src/c.ts type,src/d.ts type,src/e.ts value,src/f.ts type,node:fs value";
  expect(found.sort()).toEqual(
    `${letters},src/g.ts dynamic,src/h.ts type,src/i.cjs value,src/j.ts thread`.split(",").sort(),
  );
  const script = '/** @import { A } from "./a.mjs" */\n/** @type {import("./b.mjs").B} */\nexport const b = 1;';
  expect(importsOf("setup/x.mjs", script).map(({ target, kind }) => `${target} ${kind}`)).toEqual([
    "setup/a.mjs type",
    "setup/b.mjs type",
  ]);
});

test("a circle is named by the shortest way round it", () => {
  const edges = (text: string) =>
    text.split(" ").map((edge) => ({ file: edge[0] as string, target: edge[1] as string }));
  expect(circlesOf(edges("ab bc cd db ca ef fe xy"))).toEqual([
    ["a", "b", "c", "a"],
    ["e", "f", "e"],
  ]);
  expect(circlesOf(edges("ab ac bd cd"))).toEqual([]);
  expect(circlesOf(edges("aa"))).toEqual([["a"]]);
});
