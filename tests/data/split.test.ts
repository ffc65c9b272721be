import { expect, test } from "vitest";
import { partSizes, type SplitOptions, stratified } from "../../src/data/split.ts";
import { TextDataset } from "../../src/data/textDataset.ts";
import { golden } from "../golden/read.ts";

interface Splits {
  readonly stratified: readonly { labels: number[]; held_out: number; parts: [number[], number[]][] }[];
  readonly sizes: readonly [total: number, testSize: number, test: number, train: number][];
}
const sklearn = golden<Splits>("splits.json");

const dataOf = (labels: readonly unknown[], options = {}) =>
  TextDataset.fromRows(
    labels.map((label, i) => ({ text: `text ${i}`, label })),
    options,
  );
const partNames = ["train", "validation", "test"] as const;
const shares: readonly SplitOptions[] = [
  { train: 0.8, validation: 0.1, test: 0.1 },
  { train: 0.7, validation: 0.15, test: 0.15 },
  { train: 0.5, validation: 0.25, test: 0.25 },
  { train: 0.9, validation: 0.05, test: 0.05 },
  { train: 0.6, validation: 0.2, test: 0.2 },
  { train: 0.5, validation: 0.5 },
];

test("splits by fraction: any count of examples and usual shares give each example to one part, shares within one example", () => {
  let [splits, farthest] = [0, 0];
  for (let length = 3; length <= 2000; length++) {
    for (const options of shares) {
      const sizes = partSizes(options, length);
      expect(sizes.train + sizes.validation + sizes.test).toBe(length);
      for (const part of partNames)
        farthest = Math.max(farthest, Math.abs(sizes[part] - (options[part] ?? 0) * length));
      splits++;
    }
    // all six take seconds: `npm run test:soak -- data`
    const { train, validation, test } = partSizes(shares[length % shares.length] as SplitOptions, length);
    const labels = Int32Array.from({ length }, (_, i) => i % 3);
    const data = { length, labels, labelNames: ["a", "b", "c"], problemType: "single_label_classification" as const };
    const parts = stratified(data, [test, validation, train], 0, "split");
    const seen = new Uint8Array(length);
    for (const part of parts) for (const place of part) seen[place] = (seen[place] as number) + 1;
    if (seen.some((times) => times !== 1)) expect.fail(`of ${length} examples not each is in one part`);
  }
  expect(farthest).toBeLessThanOrEqual(1 + 1e-9);
  console.log(
    `splits by fraction: ${splits} of ${splits} work (3 to 2,000 examples, ${shares.length} usual shares), every example in one ` +
      `part, each part within ${farthest.toFixed(2)} examples of its share`,
  );
});

test("a data set is split by fraction as its sizes say: the rows that were refused, two and three parts, one left out", () => {
  for (const length of [3, 5, 10, 15, 101, 999, 10_605]) {
    const data = dataOf(Array.from({ length }, (_, i) => i % 2));
    for (const options of [
      ...shares,
      { validation: 0.2 },
      { train: 0.25, test: 0.33 },
      { validation: 0.5, test: 0.5 },
    ]) {
      const split = data.split(options);
      const rows = partNames.flatMap((part) => Array.from(split[part], ({ row }) => row));
      expect(new Set(rows).size).toBe(rows.length);
      for (const part of partNames) {
        const share = options[part as keyof typeof options] as number | undefined;
        if (share !== undefined) expect(Math.abs(split[part].length - share * length)).toBeLessThanOrEqual(1);
      }
    }
  }
});

test("fractions and counts can be mixed, as long as they fit", () => {
  const data = dataOf(Array.from({ length: 1000 }, (_, i) => i % 2));
  const lengths = (options: SplitOptions) => partNames.map((part) => data.split(options)[part].length);
  expect(lengths({ train: 0.8, test: 100 })).toEqual([800, 0, 100]);
  expect(lengths({ train: 0.9, test: 100 })).toEqual([900, 0, 100]);
  expect(lengths({ validation: 0.1, test: 100 })).toEqual([800, 100, 100]);
  expect(() => data.split({ train: 0.95, test: 100 })).toThrow(
    /ask for 105\.0% of the examples \(train 0\.95, test 100\)/,
  );
});

test("every part has as many examples of each label as scikit-learn's stratified split gives it", () => {
  for (const { labels, held_out, parts } of sklearn.stratified) {
    const values = labels.flatMap((count, label) => new Array<string>(count).fill(`label ${label}`));
    const { train, test: held } = dataOf(values).split({ test: held_out });
    const counts = [held, train].map((part) => labels.map((_, label) => part.labelCounts()[`label ${label}`]));
    expect(parts, JSON.stringify({ labels, held_out })).toContainEqual(counts); // one of those that come up there
  }
});

test("held-out parts differ from scikit-learn's by rounding only, which is up there and to the nearest here", () => {
  for (const [total, testSize, test] of sklearn.sizes) {
    const sizes = partSizes({ test: testSize }, total);
    expect(test - sizes.test).toBeGreaterThanOrEqual(0);
    expect(test - sizes.test).toBeLessThanOrEqual(1);
    expect(sizes.test + sizes.train).toBe(total);
  }
});

test("examples without labels are split at random, by their seed", () => {
  const data = TextDataset.fromRows(
    Array.from({ length: 50 }, (_, i) => ({ text: `t${i}` })),
    { label: false },
  );
  const { train, validation } = data.split({ validation: 0.2, seed: 1 });
  expect([train.length, validation.length, train.isLabelled, validation.labels]).toEqual([40, 10, false, []]);
  expect(new Set([...train.texts, ...validation.texts]).size).toBe(50);
  expect(data.split({ validation: 0.2, seed: 1 }).validation.sha256).toBe(validation.sha256);
  expect(data.split({ validation: 0.2, seed: 2 }).validation.sha256).not.toBe(validation.sha256);
  expect(data.take(7).length).toBe(7);
});

/** As drawn before fractions were rounded together. */
const testRows = [3, 22, 23, 26, 41, 57];
const validationRows = [15, 18, 34, 40, 43, 55];

test("parts by number of examples are those of the splits so far, and held-out parts do not change with train", () => {
  const data = dataOf(Array.from({ length: 60 }, (_, i) => ["a", "b", "b"][i % 3]));
  const rows = (options: SplitOptions, part: (typeof partNames)[number]) =>
    Array.from(data.split(options)[part], ({ row }) => row - 1);
  expect(rows({ validation: 6, test: 6, seed: 0 }, "test")).toEqual(testRows);
  expect(rows({ validation: 6, test: 6, seed: 0 }, "validation")).toEqual(validationRows);
  for (const train of [10, 30, 0.5, 48]) {
    expect(rows({ train, validation: 6, test: 6 }, "validation")).toEqual(validationRows);
    expect(rows({ train, validation: 0.1, test: 0.1 }, "test")).toEqual(testRows);
  }
});

test("texts that stand in two parts are told with their rows, those of pairs only where both are the same", () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ text: `text ${i % 10}`, other: `${i}`, label: i % 2 }));
  const { train, validation, test: held } = TextDataset.fromRows(rows).split({ validation: 0.25, test: 0.25 });
  const known = (part: TextDataset, text: string) => part.texts.includes(text);
  const shared = [...validation].filter(({ text }) => known(train, text));
  expect(shared.length).toBeGreaterThan(5);
  expect(String(validation)).toContain(
    `${shared.length} of 10 examples have a text that train has too (rows ${shared
      .slice(0, 3)
      .map(({ row }) => row)
      .join(", ")} and ${shared.length - 3} more).`,
  );
  expect(held.notes.join()).toMatch(/text that train has too.*text that validation has too/);
  expect(train.notes.join()).not.toMatch(/has too/);
  const pairs = TextDataset.fromRows(rows, { textPair: "other" }).split({ validation: 0.25 });
  expect(pairs.validation.notes).toEqual([]);
});

test("a label without an example to learn from is told with its rows, of one label per example and of several", () => {
  const single = dataOf([...new Array(20).fill("a"), ...new Array(20).fill("b"), "rare"]);
  const sets = dataOf(Array.from({ length: 41 }, (_, i) => (i === 40 ? ["a", "rare"] : ["a", "b"].slice(i % 2))));
  for (const data of [single, sets]) {
    const seeds = Array.from({ length: 40 }, (_, seed) => data.split({ validation: seed < 20 ? 0.5 : 0.1, seed }));
    const without = seeds.filter(({ train }) => train.labelCounts().rare === 0);
    expect(without.length).toBeGreaterThan(0);
    expect(without.length).toBeLessThan(40);
    for (const { train } of seeds) {
      const told = /No example has the label "rare", so that it cannot be learnt: row 41 went into other parts\./.test(
        String(train),
      );
      expect(told).toBe(train.labelCounts().rare === 0);
    }
  }
});

test("a part whose share is less than half an example says so, and a part says what it is a part of", () => {
  const { train, validation } = dataOf([0, 1, 0]).split({ train: 0.8, validation: 0.1, test: 0.1 });
  expect(String(validation)).toMatch(
    /validation: 0 of 3 examples[\s\S]*A share of 0\.1 is less than half an example of 3/,
  );
  expect(String(train)).toMatch(/^the data, train: 3 of 3 examples/);
});

const small = dataOf([0, 1, 0, 1]);
test.each<[string, () => unknown, RegExp, () => TextDataset]>([
  [
    "a number",
    () => small.split(0.2 as never),
    /by name, in an object such as \{ validation: \.\.\. \}; found 0\.2/,
    () => small.split({ validation: 0.2 }).train,
  ],
  [
    "nothing",
    () => small.split(undefined as never),
    /needs the size of a part.*split\(\{ validation: 0\.2 \}\)/,
    () => small.split({ validation: 0.2 }).train,
  ],
  [
    "no part",
    () => small.split({ seed: 1 }),
    /needs the size of a part/,
    () => small.split({ validation: 0.25, seed: 1 }).train,
  ],
  [
    "a list",
    () => small.split([0.8, 0.2] as never),
    /found an array/,
    () => small.split({ train: 0.8, validation: 0.2 }).train,
  ],
  [
    "test_size",
    () => small.split({ test_size: 0.25 } as never),
    /Here it is test \(or validation\)/,
    () => small.split({ test: 0.25 }).train,
  ],
  [
    "randomState",
    () => small.split({ validation: 1, random_state: 3 } as never),
    /Here it is seed/,
    () => small.split({ validation: 1, seed: 3 }).train,
  ],
  [
    "stratify",
    () => small.split({ validation: 1, stratify: true } as never),
    /not needed/,
    () => small.split({ validation: 1 }).train,
  ],
  [
    "a mistyped part",
    () => small.split({ validaton: 1 } as never),
    /Did you mean validation/,
    () => small.split({ validation: 1 }).train,
  ],
  [
    "percent as a text",
    () => small.split({ validation: "20%" as never }),
    /got "20%"\. Write validation: 0\.2/,
    () => small.split({ validation: 0.2 }).train,
  ],
  [
    "a negative seed",
    () => small.split({ validation: 1, seed: -1 }),
    /A seed is an integer/,
    () => small.split({ validation: 1, seed: 0 }).train,
  ],
])("split of %s is refused with advice that works", (_, refused, message, followed) => {
  expect(refused).toThrow(message);
  expect(followed().length).toBeGreaterThan(0);
});
