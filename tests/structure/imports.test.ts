import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bottom to top; a file imports from its own folder or from a lower row, never up or sideways. */
const levels: readonly (readonly string[])[] = [
  ["errors.ts", "checkNode.ts"],
  ["options.ts", "rng", "io", "display"],
  ["memory"],
  ["hub", "safetensors", "config", "tokenizer"],
  ["weights", "engine"],
  ["nn", "freezing", "loss"],
  ["models"],
  ["schedule", "optim", "metrics", "data", "session", "onnx"],
  ["plan"],
  ["history"],
  ["report", "figures"],
  ["trainer"],
  ["recipes", "pipeline"],
  ["index.ts"],
];
/** Allowed across one row, in this direction only. */
const sideways = new Set([
  "hub -> io",
  "config -> io",
  "config -> hub",
  "tokenizer -> config",
  "tokenizer -> hub",
  "loss -> nn",
  "figures -> report",
]);

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

/** Every relative import of a file, as a path from the root. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8");
  const found = source.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [...found].map(([, path]) => relative(root, join(root, dirname(file), path as string)));
}

const partOf = (file: string) => file.split("/")[1] as string;
const levelOf = (part: string) => levels.findIndex((row) => row.includes(part));

test("every folder of src has its level", () => {
  expect(
    filesOf("src")
      .map(partOf)
      .filter((part) => levelOf(part) < 0),
  ).toEqual([]);
});

test("imports in src go downward only", () => {
  const wrong = filesOf("src").flatMap((file) =>
    importsOf(file)
      .filter((target) => {
        const [from, to] = [partOf(file), partOf(target)];
        if (target.startsWith("shared/")) return false;
        if (!target.startsWith("src/")) return true;
        return from !== to && levelOf(to) >= levelOf(from) && !sideways.has(`${from} -> ${to}`);
      })
      .map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("kernel and src share one folder and never import each other, and none of these imports cli, setup or tests", () => {
  const wrong = [...filesOf("shared"), ...filesOf("src"), ...filesOf("kernel")].flatMap((file) => {
    const own = file.split("/")[0];
    return importsOf(file)
      .filter((target) => target.split("/")[0] !== own && !target.startsWith("shared/"))
      .map((target) => `${file} -> ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("source files are short enough to hand over", () => {
  const files = ["shared", "src", "kernel", "cli", "setup"].flatMap(filesOf);
  const lines = files.map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length - 1 }));
  const sorted = lines.map((entry) => entry.lines).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] as number;
  console.log(`${files.length} source files: median ${at(0.5)}, 90% within ${at(0.9)}, longest ${sorted.at(-1)} lines`);
  expect(lines.filter((entry) => entry.lines > 400)).toEqual([]);
  expect(at(0.5)).toBeLessThanOrEqual(100);
  expect(at(0.9)).toBeLessThanOrEqual(250);
});
