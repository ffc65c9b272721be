import { expect, test } from "vitest";
import { isComplete } from "../../../kernel/protocol/isComplete.ts";

test.each<[code: string, reply: object]>([
  ["", { status: "complete" }],
  ["1 + 1", { status: "complete" }],
  ["const x: number = await f()", { status: "complete" }],
  ["for (const x of y) {", { status: "incomplete", indent: "  " }],
  ["if (a) {\n  f(", { status: "incomplete", indent: "    " }],
  ["f(1,\n  2", { status: "incomplete", indent: "  " }],
  ["x +", { status: "incomplete", indent: "" }],
  ["`text", { status: "incomplete", indent: "" }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the cell's
  ["`a ${b} c", { status: "incomplete", indent: "" }],
  ["/* note", { status: "incomplete", indent: "" }],
  ["function f()", { status: "incomplete", indent: "" }],
  ["let x = ;", { status: "invalid" }],
  ["import = 7q", { status: "invalid" }],
  ["'text", { status: "invalid" }],
  ["%time await f()", { status: "complete" }],
  ["!ls -la | wc", { status: "complete" }],
  ["%%bash\nfor x in 1 2; do echo $x", { status: "complete" }],
  ["%time\nif (a) {", { status: "incomplete", indent: "  " }],
  ["}", { status: "invalid" }],
  ["a b", { status: "invalid" }],
  ["[".repeat(100_000), { status: "unknown" }],
])("%j is %j", async (code, reply) => {
  expect(await isComplete(code)).toEqual(reply);
});
