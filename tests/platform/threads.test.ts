import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type ScriptModules, scriptOf, startThread } from "../../src/platform/threads.ts";

function greet({ threads: { parentPort, workerData } }: ScriptModules, name: string, text: string): void {
  parentPort?.postMessage(`${workerData.greeting}, ${name}${text}`);
}

function write({ files, require }: ScriptModules): void {
  files.writeSync(1, `${typeof require("node:path").join}, ${process.argv.length}`);
}

test("a thread runs a function with Node's modules and its arguments, whatever characters they hold", async () => {
  const thread = startThread(scriptOf(greet, 'the "world"', "\n`{x}`\\"), { workerData: { greeting: "Hello" } });
  expect(await once(thread, "message")).toEqual(['Hello, the "world"\n`{x}`\\']);
});

test("so it does the text of a function, in which import() stays as it is", async () => {
  const script = scriptOf(
    `async ({ threads }, name) => threads.parentPort.postMessage(typeof (await import(name)).join)`,
    "node:path",
  );
  expect(await once(startThread(script, {}), "message")).toEqual(["function"]);
});

test("a process runs it too, by node -e", () => {
  expect(execFileSync(process.execPath, ["-e", scriptOf(write)], { encoding: "utf8" })).toBe("function, 1");
});

test("a script loads no module that it does not ask for", () => {
  const script = scriptOf(() => {
    const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] };
    const loaded = moduleLoadList.some((name) => name.endsWith(" child_process"));
    process.stdout.write(String(loaded));
  });
  expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })).toBe("false");
});
