import { expect, test } from "vitest";
import { receiverAt } from "../../../kernel/language/receiver.ts";

const receiver = (code: string, at = code.length) => receiverAt(code, at)?.probe;

test.each<[code: string, probe: string]>([
  ["tf.", "tf."],
  ["const loss = tf.", "tf."],
  ["shape?.points.", "shape?.points."],
  ["shape?.", "shape?."],
  ["a.b.c.", "a.b.c."],
  ["for (let i = 0; i < 3; i++) {\n  tf.", "tf."],
  ["f(settings.", "settings."],
  ["`loss ${history.", "history."],
  ["if (ready) { model.", "model."],
  ["globalThis.", "globalThis."],
  ["const a = tf.ones([2]);\ntf.", "tf."],
])("in %j the members of a chain depend on the cells alone", (code, probe) => {
  expect(receiver(code)).toBe(probe);
});

test("a root of which other members are taken is told", () => {
  expect(receiverAt("if (shape.kind === 'circle') shape.", 35)).toMatchObject({ probe: "shape.", shared: true });
  expect(receiverAt("shape.", 6)).toMatchObject({ probe: "shape.", shared: false });
});

test("text behind the cursor is no matter, on the next line or the same", () => {
  expect(receiver("const loss = tf.\nconst next = 1;", 16)).toBe("tf.");
  expect(receiver("tf.\nstep();", 3)).toBe("tf.");
  expect(receiver("console.log(tf.)", 15)).toBe("tf.");
});

test.each<[why: string, code: string, at?: number]>([
  ["narrowed", "if (shape) shape."],
  ["narrowed by typeof", "if (typeof value === 'string') { value."],
  ["asserted", "check(value); value."],
  ["assigned", "rate = 1; rate."],
  ["declared again", "const tf = 1; tf."],
  ["declared again further on", "tf.\nvar tf = 1;", 3],
  ["mentioned beside a chain", "list.a.push(1); list.a."],
  ["a nested namespace", "namespace tf.inner {} tf."],
  ["a parameter", "list.map((tf) => tf."],
  ["destructured", "const { tf } = other; tf."],
  ["a catch variable", "try {} catch (error) { error."],
  ["a loop's variable", "for (const row of rows) row."],
  ["named by an escape", "const \\u0074f = 1; tf."],
  ["imported in the text", 'import { tf } from "thaw"; tf.'],
  ["changed by what the text imports", 'import "augments"; list.'],
  ["changed by the text", "declare global { interface Array<T> { mine: 1 } }\nlist."],
  ["in a class", "class Mine extends Base { static go() { Other."],
  ["this", "this."],
  ["of this", "this.list."],
  ["arguments", "function f() { arguments."],
  ["import.meta", "import.meta."],
  ["in a line comment", "// tf."],
  ["in a block comment", "/* tf."],
  ["in a string", '"tf.'],
  ["in a template", "`tf."],
  ["in a regular expression", "/tf./"],
  ["a type", "let layer: tf."],
  ["a type argument", "new Map<string, tf."],
  ["perhaps a type argument", "make<tf."],
  ["a type query", "let layer: typeof tf."],
  ["an interface's base", "interface Mine extends tf."],
  ["behind as", "x as tf."],
  ["a call's", "tf.ones([2])."],
  ["an element's", "list[0]."],
  ["a number's", "1."],
  ["private", "tf.#"],
  ["spread", "[...", 4],
])("what is %s is asked for in its place: %j", (_why, code, at) => {
  expect(receiver(code, at)).toBeUndefined();
});
