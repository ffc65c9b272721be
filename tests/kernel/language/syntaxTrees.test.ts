import ts from "typescript";
import { expect, test } from "vitest";
import { SyntaxTrees } from "../../../kernel/language/syntaxTrees.ts";

test("trees of cells go with the last program that needs them, those of files stay for the next", () => {
  const registry = new SyntaxTrees();
  let roots: string[] = [];
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => ({ noLib: true, types: [] }),
    getScriptFileNames: () => roots,
    getScriptVersion: () => "1",
    getScriptSnapshot: (path) => ts.ScriptSnapshot.fromString(`export const path = ${JSON.stringify(path)};`),
    getCurrentDirectory: () => "/notebooks",
    getDefaultLibFileName: () => "lib.d.ts",
    fileExists: () => false,
    readFile: () => undefined,
  };
  const service = ts.createLanguageService(host, registry);
  const filesWith = (...names: string[]) => {
    roots = names.map((name) => `/notebooks/${name}`);
    expect(service.getProgram()?.getSourceFiles().length).toBe(names.length);
    return registry.reportStats();
  };
  expect(filesWith("In[?].ts", "In[1].ts", "In[2.3].ts", "file.ts", "In[globals].d.ts")).toBe("5 files");
  expect(filesWith("In[?].ts", "In[2.3].ts")).toBe("4 files");
  expect(filesWith("In[?].ts")).toBe("3 files");
  expect(filesWith("In[?].ts", "In[1].ts", "file.ts")).toBe("4 files");
});
