import MagicString from "magic-string";
import { expect, test } from "vitest";
import { Sources } from "../../../../kernel/cells/errors/sources.ts";

/** A cell whose text has moved four columns to the right on its only line. */
function moved(sources: Sources, name: string, text: string): void {
  sources.add(name, text, new MagicString(text).prepend("if (") as MagicString);
}

test("of cells without end the newest are remembered, in their order, and files always", () => {
  const sources = new Sources();
  moved(sources, "/notebooks/file.ts", "ofFile");
  for (let i = 1; i <= 5000; i++) moved(sources, `In[${i}]`, `cell ${i}`);
  moved(sources, "In[4000]", "run again");
  const cells = sources.cells();
  expect([cells.length, cells[0], cells.at(-2), cells.at(-1)]).toEqual([
    2000,
    { name: "In[3001]", text: "cell 3001" },
    { name: "In[5000]", text: "cell 5000" },
    { name: "In[4000]", text: "run again" },
  ]);
  expect(["In[3000]", "In[3001]", "/notebooks/file.ts"].map((name) => sources.has(name))).toEqual([false, true, true]);
  expect(sources.locate("/notebooks/file.ts", 1, 7)).toEqual({ source: "/notebooks/file.ts", line: 1, column: 3 });
  expect(sources.locate("In[3000]", 2, 7)).toEqual({ source: "In[3000]", line: 2, column: 7 }); // as V8 sees it
  expect(sources.frame({ source: "In[3000]", line: 1, column: 1 })).toEqual([]);
});

test("a place is found in every source of a stack, however many there are and however often", () => {
  const sources = new Sources();
  for (let i = 1; i <= 20; i++) moved(sources, `In[${i}]`, "x".repeat(i));
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i <= 20; i++) expect(sources.locate(`In[${i}]`, 1, 4 + i).column).toBe(i);
  }
});
