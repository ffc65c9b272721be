import { expect, test } from "vitest";
import { globalsText } from "../../../kernel/language/globals.ts";
import { Program } from "../../../kernel/language/program.ts";
import { typeErrorsOf } from "../../../kernel/language/typeErrors.ts";

const names = [...globalsText.matchAll(/^declare var (\w+)/gm)].map(([, name]) => name as string);
const program = new Program(import.meta.dirname);

test("every global of a cell has the type of the code that puts it there", () => {
  expect(names).toContain("display");
  const types = names.map((name, index) => {
    program.add(`In[${index + 1}]`, `const none: never = ${name};`);
    const [error] = typeErrorsOf(program, `In[${index + 1}]`);
    return /^Type '(.*)' is not assignable to type 'never'/.exec(error?.message ?? "")?.[1];
  });
  console.log(`globals: ${names.map((name, index) => `${name}: ${types[index]}`).join("; ")}`);
  for (const type of types) expect(type).toMatch(/^(?!any$)./); // a path that leads nowhere would make it any
});
