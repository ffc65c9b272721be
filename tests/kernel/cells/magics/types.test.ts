import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start({ env: { THAW_TYPES: "strict" } });
  await client.reply(client.start("1"), 90_000); // TypeScript is loaded now
});
afterAll(async () => {
  await client.stop();
});

test("cells with magics are type-checked as the code they hold", async () => {
  for (const code of [
    "!ls",
    "const files = !ls",
    "%time const x: number = files.length",
    "%%time\nconst y = x + 1",
    "y?",
  ]) {
    expect(errorText(await client.execute(code)), code).toBe("");
  }
  expect(result(await client.execute("[typeof x, y - x].join()"))).toBe("'number,1'");
  expect(errorText(await client.execute("%time const z: number = 'three'"))).toContain("TypeScriptError");
  expect(errorText(await client.execute("%%time\nconst z: number = 'three'"))).toContain("TypeScriptError");
});

test("%types changes what a type error does", async () => {
  const wrong = "const wrong: number = 'three'\nwrong";
  expect(errorText(await client.execute(wrong))).toContain("TypeScriptError");
  await client.execute("%types off");
  const run = await client.execute(wrong);
  expect([result(run), errorText(run), printed(run, "stderr")]).toEqual(["'three'", "", ""]);
  await client.execute("%types strict");
  expect(errorText(await client.execute("const again: number = 'three'"))).toContain("TypeScriptError");
});
