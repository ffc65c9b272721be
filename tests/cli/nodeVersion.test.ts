import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeRefusal } from "../../shared/nodeVersion.ts";

const root = join(import.meta.dirname, "../..");

/** Against real ones: tests/soak/oldNode.soak.ts. */
test.each<[string, boolean]>([
  ...["14.21.3", "16.20.2", "18.20.8", "19.9.0", "20.11.1", "20.18.3", "21.7.3", "22.0.0", "22.11.0"].map(
    (v) => [v, false] as [string, boolean],
  ),
  ...["20.19.0", "20.20.2", "22.12.0", "22.20.0", "23.0.0", "24.21.0", "26.1.0"].map(
    (v) => [v, true] as [string, boolean],
  ),
])("Node.js %s runs it: %s, for the library, the command and set-up alike", async (version, runs) => {
  const refusal = nodeRefusal(version);
  if (runs) expect(refusal).toBe(undefined);
  else
    expect(refusal).toMatch(/^Thaw needs Node\.js 20\.19 .* 22\.12 to 26, and this is Node\.js [\d.]+ \(\/.*\): .*\.$/);
  const { node } = (await import(join(root, "setup/steps/node.mjs"))) as {
    node: { check(context: object): { done: boolean } };
  };
  expect(node.check({ nodeVersion: version }).done).toBe(runs);
});

test("npm is told the same", () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };
  expect(engines.node).toBe("^20.19.0 || >=22.12.0 <27");
});

test("whatever imports the library runs the look at the version first", () => {
  const [first] = readFileSync(join(root, "src/index.ts"), "utf8").match(/^(import|export) .*/m) as string[];
  expect(first).toBe('import "./platform/checkNode.ts";');
});
