/** The functions that TypeScript's output calls: `__esDecorate`, `__decorate` and so on. Once for all cells and files, since a cell that declared them would clash with the next. */
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import type TypeScript from "typescript";
import { cells } from "../cellRealm.ts";

const called =
  /\b__(decorate|metadata|param|esDecorate|runInitializers|propKey|setFunctionName|addDisposableResource)\b/;

/** Texts that need every one of them; what they do is never run. */
const legacy = "class A { @d m(@d x: string) {} }";
const standard =
  "@d class A { @d accessor x = 1; @d static [k]() {} @d static #p() {} } { using x = y; await using z = y; }";

let provided = false;

/** Makes the helpers that `output` calls global, not enumerable. */
export function provideHelpers(ts: typeof TypeScript, output: string): void {
  if (provided || !called.test(output)) return;
  provided = true;
  for (const [text, experimentalDecorators] of [[legacy, true] as const, [standard, false] as const]) {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, experimentalDecorators, emitDecoratorMetadata: true };
    const { outputText } = ts.transpileModule(`async function sample() { ${text} }`, { compilerOptions });
    const names = [...outputText.matchAll(/^var (__\w+)/gm)].map(([, name]) => String(name));
    const filename = fileURLToPath(import.meta.url); // tracebacks leave out what is the kernel's
    const script = new Script(`(() => { ${outputText}; return { ${names.join(", ")} }; })()`, { filename });
    const helpers = script.runInThisContext() as object;
    for (const [name, value] of Object.entries(helpers)) {
      Object.defineProperty(cells, name, { value, writable: true, configurable: true, enumerable: false });
    }
  }
}
