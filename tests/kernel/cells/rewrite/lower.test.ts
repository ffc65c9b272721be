/** JSX and decorators, which TypeScript's own compiler rewrites, as the tsconfig.json beside the notebook says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

const folder = mkdtempSync(join(tmpdir(), "thaw-lower-"));
const projects = { plain: join(folder, "plain"), configured: join(folder, "configured") };
let plain: Client;
let configured: Client;

/** A JSX runtime as react and preact have one: elements are their markup. */
const runtime = `export const Fragment = "fragment";
const markup = (tag, { children, ...rest }, key) => typeof tag === "function" ? tag({ children, ...rest }) :
  "<" + [tag, ...(key === undefined ? [] : ["key=" + key])].join(" ") + ">" + [children].flat(2).join("") + "</>";
export { markup as jsx, markup as jsxs };`;
const factory = `export const h = (tag: string, _: unknown, ...kids: unknown[]): string => "[" + tag + kids.join("") + "]";`;
const options = {
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  jsx: "react-jsx",
  jsxImportSource: "tiny",
};

const files: Record<string, string> = {
  "node_modules/tiny/package.json": JSON.stringify({
    name: "tiny",
    type: "module",
    exports: { "./jsx-runtime": "./runtime.js" },
  }),
  "node_modules/tiny/runtime.js": runtime,
  "plain/view.tsx":
    "/** @jsxImportSource tiny */\nexport const View = ({ n }: { n: number }) => <p>{n} <b>x</b></p>;\n",
  "plain/classic.tsx": '/** @jsx h */\nimport { h } from "./factory.ts";\nexport default () => <i>c</i>;\n',
  "plain/factory.ts": factory,
  "plain/bad.tsx":
    "/** @jsxImportSource tiny */\nexport const Bad = (p: { x?: string[] }) => (\n  <p>{p.x!.length}</p>\n);\n",
  "configured/tsconfig.json": JSON.stringify({ compilerOptions: options }),
};

beforeAll(async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  [plain, configured] = await Promise.all([
    Client.start({ cwd: projects.plain }),
    Client.start({ cwd: projects.configured }),
  ]);
});
afterAll(async () => {
  await Promise.all([plain, configured].map((client) => client.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** The result of a cell; its error is thrown. */
async function value(client: Client, code: string): Promise<string | undefined> {
  const run = await client.execute(code);
  if (run.reply.content.status !== "ok") throw new Error(errorText(run));
  return result(run);
}

test.each<[sentence: string, code: string, result: string]>([
  ["an element", "/** @jsxImportSource tiny */\n<b>\n  {1 + 1} x\n</b>", "'<b>2 x</>'"],
  [
    "components, keys and fragments, over several statements",
    "/** @jsxImportSource tiny */\nconst Item = (p: { n: number }) => <i>{p.n}</i>;\nconst list = [1, 2].map((n) => <Item n={n} />);\n<>{list}<b key='k'>t</b></>",
    "'<fragment><i>1</><i>2</><b key=k>t</></>'",
  ],
  ["a component of another cell", "/** @jsxImportSource tiny */\n<Item n={5} />", "'<i>5</>'"],
  ["a local .tsx file", "import { View } from './view.tsx'; View({ n: 3 })", "'<p>3 <b>x</></>'"],
  ["a local .tsx file without its ending", "import { View as V } from './view'; V({ n: 4 })", "'<p>4 <b>x</></>'"],
  ["a local .tsx file with a factory, named as compiled", "import C from './classic.js'; C()", "'[ic]'"],
])("JSX by @jsxImportSource: %s", async (_, code, expected) => {
  expect(await value(plain, code)).toBe(expected);
});

test("standard decorators in two classes of one cell, and in the next cell", async () => {
  const decorator =
    "const twice = (f: any, _: unknown) => function (this: any) { return 2 * f.call(this) };\nclass A { @twice one() { return 1 } }\nclass B { @twice one() { return 2 } }";
  await value(plain, decorator);
  expect(
    await value(plain, "class C { @twice one() { return 3 } }\n[new A().one(), new B().one(), new C().one()]"),
  ).toBe("[ 2, 4, 6 ]");
});

test("with experimentalDecorators in tsconfig.json decorators are the legacy ones, on parameters too", async () => {
  await value(
    configured,
    "function ten(_: object, __: string, d: PropertyDescriptor) { const f = d.value; d.value = function () { return 10 * f.call(this) } }\nconst seen: unknown[] = [];\nfunction note(...at: unknown[]) { seen.push(at.slice(1)) }",
  );
  expect(await value(configured, "class A { @ten one(@note x?: string) { return 1 } }\n[new A().one(), seen]")).toBe(
    "[ 10, [ [ 'one', 0 ] ] ]",
  );
  expect(await value(configured, "class B { @ten one() { return 2 } }\nnew B().one()")).toBe("20");
});

test("jsx and jsxImportSource of tsconfig.json hold without a pragma", async () => {
  expect(await value(configured, "<b>{2}</b>")).toBe("'<b>2</>'");
});

test("what TypeScript has rewritten keeps its lines and columns in tracebacks, and its templates", async () => {
  const code =
    "const same = (f: any, _: unknown) => f;\nclass E {\n  @same text() { return `a\nb` }\n  @same bad() {\n    const none = null as any;\n    return 1 + none.length;\n  }\n}\nnew E().text()";
  expect(await value(plain, code)).toBe("'a\\nb'");
  expect(errorText(await plain.execute("new E().bad()"))).toMatch(
    /at E\.bad \(In\[\d+\]:7:21\)\n {2}6 \| .*\n> 7 \| {5}return 1 \+ none\.length;\n {4}\| {21}\^/,
  );
  expect(errorText(await plain.execute("import { Bad } from './bad.tsx';\nBad({})"))).toMatch(
    /at Bad \(.*bad\.tsx:3:12\)\n {2}2 \| .*\n> 3 \| {3}<p>\{p\.x!\.length\}<\/p>/,
  );
});

test("no helper of the compiler clutters a cell's variables", async () => {
  expect(printed(await plain.execute("%who"))).not.toMatch(/__/);
});
