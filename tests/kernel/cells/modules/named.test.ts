/** TypeScript that a cell reaches by a name, and not by a path: what the type checker finds is what runs. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, errorText, parentId, result } from "../../client.ts";
import { startWarm } from "../../language/warm.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-named-"));
const notebook = join(folder, "notebooks", "first");
let client: Client;

const json = (value: object): string => JSON.stringify(value);
const files: Record<string, string> = {
  // the notebook's own project: its tsconfig.json stands in a parent folder, and its paths in what that extends
  "tsconfig.json": json({ extends: "./base.json", compilerOptions: { customConditions: ["development"] } }),
  "base.json": `{ // with a comment
    "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "settings": ["./lib/settings.ts"], "linked": ["./none/*"] } } }`,
  "lib/math.ts": "export const half = (n: number): number => n / 2;\nexport { own } from '@lib/deep/own';\n",
  "lib/deep/own.ts": "export const own: number = 5;\n",
  "lib/settings.ts": "export enum Mode { Fast = 7 }\nexport const mode: number = Mode.Fast;\n",
  "notebooks/first/package.json": json({ imports: { "#internal": "./internal.ts", "#util/*": "./util/*.ts" } }),
  "notebooks/first/internal.ts": "import { up } from '#util/up';\nexport const inside: number = up(1);\n",
  "notebooks/first/util/up.ts": "export const up = (n: number): number => n + 1;\n",
  // packages of the same workspace, linked into node_modules
  "packages/linked/package.json": json({ name: "linked", main: "src/index.ts" }),
  "packages/linked/src/index.ts":
    "import { twice } from './helper.js';\nexport { name } from '@own/name';\nexport { twice };\n",
  "packages/linked/src/helper.ts": "export const twice = (n: number): number => 2 * n;\n",
  "packages/linked/src/name.ts": "export const name: number = 11;\n",
  "packages/linked/tsconfig.json": json({ compilerOptions: { paths: { "@own/*": ["./src/*"] } } }),
  "packages/conditional/package.json": json({
    name: "conditional",
    exports: {
      ".": { development: "./src/dev.ts", default: "./dist/index.js" },
      "./node": { node: "./src/node.ts", default: "./dist/index.js" },
      "./parts/*": { types: "./src/*.ts", default: "./src/*.ts" },
    },
  }),
  "packages/conditional/src/dev.ts": "export const from: number = 1;\n",
  "packages/conditional/src/node.ts": "export const from: number = 2;\n",
  "packages/conditional/src/part.ts": "export const from: number = 3;\n",
  "packages/conditional/dist/index.js": "exports.from = 'built';\n",
  "packages/unbuilt/package.json": json({
    name: "@scope/unbuilt",
    exports: { ".": { types: "./src/index.ts", import: "./dist/index.js" } },
  }),
  "packages/unbuilt/src/index.ts": "export const from: number = 4;\n",
  "node_modules/plain/package.json": json({ name: "plain", version: "2.3.4", main: "index.js" }),
  "node_modules/plain/index.js": "exports.kind = 'JavaScript';\n",
  "node_modules/plain/index.ts": "export const kind = 'TypeScript beside it';\n",
};

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  mkdirSync(join(folder, "node_modules/@scope"));
  for (const name of ["linked", "conditional"])
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules", name));
  symlinkSync(join(folder, "packages/unbuilt"), join(folder, "node_modules/@scope/unbuilt"));
  client = await startWarm({ cwd: notebook });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

const names: [what: string, specifier: string, imported: string, value: string][] = [
  ["paths of a tsconfig.json in a parent folder that extends another", "@lib/math", "half(10)", "5"],
  ["an exact name among the paths", "settings", "mode", "7"],
  ["a file reached by paths that reaches another so", "@lib/math.ts", "own", "5"],
  ["imports of the package.json", "#internal", "inside", "2"],
  ["a pattern among the imports", "#util/up", "up(1)", "2"],
  ["a linked package whose main is TypeScript, though paths name it without finding it", "linked", "twice(4)", "8"],
  ["a linked package that has paths of its own", "linked", "name", "11"],
  ["exports with a condition that tsconfig.json names", "conditional", "from", "1"],
  ["exports with the condition node", "conditional/node", "from", "2"],
  ["a pattern among the exports", "conditional/parts/part", "from", "3"],
  ["a package that names its source as its types and has not been built", "@scope/unbuilt", "from", "4"],
];

test.each(names)("%s: import, require and import.meta.resolve", async (_, specifier, expression, value) => {
  const name = /^\w+/.exec(expression)?.[0] as string;
  const renamed = expression.replace(name, "it");
  const run = await client.execute(`import { ${name} as it } from "${specifier}"; ${renamed}`);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe(value);
  expect(result(await client.execute(`require("${specifier}").${expression}`))).toBe(value);
  expect(result(await client.execute(`(await import(import.meta.resolve("${specifier}"))).${expression}`))).toBe(value);
});

test.each(names)("%s: the type checker finds the same file", async (_, specifier, expression) => {
  const name = /^\w+/.exec(expression)?.[0] as string;
  const run = await client.execute(
    `import { ${name} as typed } from "${specifier}"; { const text: string = ${expression.replace(name, "typed")}; }`,
  );
  const warning = () =>
    client.iopub.find((message) => parentId(message) === parentId(run.reply) && message.content.name === "stderr");
  await client.until(() => warning() !== undefined, 30_000, `a warning about ${specifier}`);
  expect(String(warning()?.content.text)).toContain("TS2322: Type 'number' is not assignable to type 'string'");
});

test("JavaScript of a package runs as JavaScript, whatever lies beside it", async () => {
  expect(result(await client.execute('import { kind } from "plain"; kind'))).toBe("'JavaScript'");
});

test("TypeScript reached by a name is loaded again when it has changed", async () => {
  const path = join(folder, "packages/linked/src/helper.ts");
  writeFileSync(path, "export const twice = (n: number): number => 200 * n; // longer\n");
  expect(result(await client.execute('import { twice as renewed } from "linked"; renewed(4)'))).toBe("800");
});

test("a version that is asked for by npm: is the installed one, or an error that says what would install it", async () => {
  for (const range of ["2.3.4", "^2.1", "2", "latest", ">=1 <3"]) {
    expect(result(await client.execute(`import { kind as k } from "npm:plain@${range}"; k`))).toBe("'JavaScript'");
  }
  for (const range of ["1.0.0", "^3", "2.3.5"]) {
    for (const code of [`await import("npm:plain@${range}")`, `require("npm:plain@${range}")`]) {
      const text = errorText(await client.execute(code));
      expect(text).toMatch(/^PackageError: .*plain 2\.3\.4 is installed/);
      expect(text).toContain(`%npm install plain@${range}`);
      expect(text).toContain("OTHER_VERSION");
      expect(text).toMatch(/at (async )?In\[\d+\]:1:/);
    }
  }
});
