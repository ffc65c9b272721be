/** Goal 23 in short; tests/soak/wildTexts.soak.ts has 100,000 texts, and the times. */
import { expect, test } from "vitest";
import { AutoTokenizer } from "../../src/tokenizer/autoTokenizer.ts";
import { tokenizerFolders, troubles, vocabularySize } from "./underFire.ts";
import { endless, wildKinds, wildTexts } from "./wildTexts.ts";

const folders = await tokenizerFolders();
const texts = [...wildTexts(2100, 23), ...Object.values(endless).map((make) => make(4000))];

test("the texts come from every plane, and some are no Unicode", () => {
  const all = texts.join("\n");
  for (let plane = 0; plane <= 16; plane++) {
    expect(Array.from(all).some((character) => (character.codePointAt(0) ?? 0) >> 16 === plane)).toBe(true);
  }
  expect(all).toMatch(/\p{Surrogate}/u);
  for (const [kind, make] of Object.entries(wildKinds)) expect(make(() => 0).length, kind).toBeGreaterThan(0);
});

const cases = folders.flatMap(([name, folder]) => [
  { name, folder, backend: "native" as const, texts },
  { name, folder, backend: "xenova" as const, texts: texts.filter((_, i) => i % 3 === 0) },
]);

test.each(cases)(
  "$name, $backend: no text makes it throw or gives an id that is in no vocabulary",
  async ({ folder, backend, texts }) => {
    const tokenizer = await AutoTokenizer.fromPretrained(folder, { backend });
    expect(troubles(tokenizer, texts, await vocabularySize(folder))).toEqual([]);
  },
);
