import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { completionsAt } from "../../../kernel/language/completions.ts";
import { Ahead, Members } from "../../../kernel/language/members.ts";
import { Program } from "../../../kernel/language/program.ts";
import { typeErrorsOf } from "../../../kernel/language/typeErrors.ts";

const folder = mkdtempSync(join(tmpdir(), "members-"));
let program: Program;
let members: Members;
let cell = 0;
beforeAll(() => {
  program = new Program(folder);
  members = new Members(program);
});
afterAll(() => rmSync(folder, { recursive: true }));

const add = (code: string) => program.add(`In[${++cell}]`, code);
const candidates = (code: string) => completionsAt(program, members, code, code.length).candidates;
const names = (code: string) => candidates(code).map(({ text }) => text);
/** An escape makes the text too obscure for anything kept: TypeScript is asked about all of it. */
const inPlace = (code: string) => candidates(`/* \\u */ ${code}`);

test("what is kept is what TypeScript says in the place, types, order and signatures included", () => {
  add(`/** Kinds. */
type Shape = { kind: "circle"; radius: number } | { kind: "square"; side: number };
class Layer { readonly size = 1; _hidden = 2; private secret = 3; protected half = 4; static create() { return new Layer(); } call(x: number) { return x; } }
enum Mode { warm, cold }
namespace tools { export const level = 1; export function build(name: string): Layer { return new Layer(); } export type T = 1; }
let shape = { kind: "circle", radius: 1 } as Shape | undefined;
const layers = [new Layer()], mode = Mode.warm, text = "text", count = 3;
const nested = { layer: new Layer(), maybe: undefined as { deep: { size: number } } | undefined };`);
  const receivers = ["shape.", "shape?.", "Layer.", "layers.", "layers.m", "Mode.", "mode.", "text.toU", "count."];
  const more = ["tools.", "tools.b", "nested.", "nested.layer.", "nested.maybe?.deep.", "Math.", "Math.sq", "nobody."];
  const globals = ["globalThis.", "console.lo", "Array.", "process.", "display.", "nested.LAY"];
  for (const code of [...receivers, ...more, ...globals]) {
    const asked = inPlace(code);
    expect(candidates(code), code).toEqual(asked);
    expect(candidates(`const other = [1, ${code}`), code).toEqual(asked);
  }
  expect(names("layers.")).toContain("map");
  expect(names("nested.layer.")).toEqual(["call", "size", "_hidden"]);
});

test("a text that takes other members of the same root has what TypeScript says too", () => {
  add(`interface Guard { isOpen(): this is { opened: number }; close(): void }
let guard = {} as Guard, flag = true as boolean;
const open: { state: "open"; door: number } | { state: "shut" } = { state: "open", door: 1 } as any;`);
  for (const code of [
    "layers.push(new Layer()); layers.",
    "tools.build('a'); console.log(tools.level); tools.",
    "if (Math.random() > 0.5) Math.",
    "guard.close(); guard.",
    "if (guard.isOpen()) guard.",
    "if (open.state === 'open') open.",
    "if (nested.maybe) nested.maybe.",
    "nested.layer.call(1); nested.",
    "flag.valueOf(); flag.",
    "namespace tools.inner { export const here = 1 } tools.",
  ]) {
    expect(candidates(code), code).toEqual(inPlace(code));
  }
  expect(names("if (guard.isOpen()) guard.")).toContain("opened");
  expect(names("if (open.state === 'open') open.")).toEqual(["door", "state"]);
});

test("what a cell declares is looked up ahead as it would be in its place, and only that", () => {
  add("const first = { a: 1 }, second = [1], third = () => 1; type T = 1; import { join } from 'node:path';");
  const ahead = new Ahead(program, members);
  expect(typeErrorsOf(program, `In[${cell}]`, ahead.questionWith(`In[${cell}]`))).toEqual([]);
  let steps = 0;
  while (ahead.step()) steps++;
  expect(steps).toBe(4);
  for (const code of ["first.", "second.", "third.", "join."]) expect(candidates(code), code).toEqual(inPlace(code));
});

test("names that had no time are looked up with the next cell's", () => {
  const ahead = new Ahead(program, members);
  add("const early = { one: 1 };");
  ahead.questionWith(`In[${cell}]`);
  add("const early = { two: 1 }, late = { three: 1 };");
  ahead.questionWith(`In[${cell}]`);
  while (ahead.step());
  expect(names("early.")).toEqual(["two"]);
  expect(names("late.")).toEqual(["three"]);
});

test("a declaration that comes between is seen, and others leave what is kept alone", () => {
  add("const settings = { rate: 1 };");
  expect(names("settings.")).toEqual(["rate"]);
  add("const unrelated = 1;");
  expect(names("settings.")).toEqual(["rate"]);
  add("const settings = { epochs: 1 };");
  expect(names("settings.")).toEqual(["epochs"]);
  program.remove(`In[${cell}]`);
  expect(names("settings.")).toEqual(["rate"]);
});

test("a name that nobody knew is known once a cell declares it", () => {
  expect(names("coming.")).toEqual([]);
  add("const coming = { here: 1 };");
  expect(names("coming.")).toEqual(["here"]);
});

test("in its place a name is narrowed, shadowed and declared anew", () => {
  expect(names("shape.")).toEqual(["kind"]);
  expect(names("if (shape?.kind === 'circle') shape.")).toEqual(["kind", "radius"]);
  expect(names("[{ mine: 1 }].map((shape) => shape.")).toEqual(["mine"]);
  expect(names("const shape = { anew: 1 }; shape.")).toEqual(["anew"]);
  expect(names("class Sub extends Layer { m() { this.")).toEqual(expect.arrayContaining(["half", "size"]));
  expect(names("let x: tools.")).toEqual(["T"]);
  expect(names("// shape.")).toEqual([]);
  expect(names('"shape.')).toEqual([]);
});

test("a global that a cell extends has the new member", () => {
  expect(names("layers.")).not.toContain("second");
  add("declare global { interface Array<T> { second(): T } }\nexport {};");
  expect(names("layers.")).toContain("second");
});

test("a local file that was edited is read again", () => {
  const file = join(folder, "local.ts");
  writeFileSync(file, "export const local = { before: 1 };");
  add('import { local } from "./local.ts";');
  expect(names("local.")).toEqual(["before"]);
  expect(names("local.")).toEqual(["before"]);
  writeFileSync(file, "export const local = { afterwards: 1 };");
  utimesSync(file, new Date(), new Date(Date.now() + 5000));
  expect(names("local.")).toEqual(["afterwards"]);
  rmSync(file);
  expect(names("local.")).toEqual([]);
});
