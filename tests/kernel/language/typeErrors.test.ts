import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Program } from "../../../kernel/language/program.ts";
import { typeErrorsOf } from "../../../kernel/language/typeErrors.ts";

const folder = fileURLToPath(new URL("../../../notebooks/", import.meta.url));

interface Notebook {
  readonly cells: readonly { readonly cell_type: string; readonly source: string | readonly string[] }[];
}

const program = new Program(folder);
let count = 0;

test.each(readdirSync(folder).filter((name) => name.endsWith(".ipynb")))("%s has no type errors", (file) => {
  const { cells } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Notebook;
  const warnings = cells
    .filter(({ cell_type }) => cell_type === "code")
    .flatMap(({ source }) => {
      const name = `In[${++count}]`;
      program.add(name, [source].flat().join(""));
      return typeErrorsOf(program, name);
    });
  expect(warnings).toEqual([]);
});

test("a mistake in the same place is found", () => {
  program.add("In[999]", "await trainer.evaluate(testt); run.reportt()");
  expect(typeErrorsOf(program, "In[999]").map(({ code }) => code)).toEqual([2304, 2551]);
});
