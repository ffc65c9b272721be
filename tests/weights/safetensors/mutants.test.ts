import { expect, test } from "vitest";
import { golden } from "../../golden/read.ts";
import { compare, judge, mutant } from "./differential.ts";

interface Golden {
  readonly count: number;
  readonly accepted: number;
  readonly bits: string;
}

test("of 20,000 mutants none is accepted that the reference reader refuses, and few are refused that it accepts", () => {
  const { count, accepted, bits } = golden<Golden>("safetensors_mutants.json");
  const reference = Buffer.from(bits, "base64");
  const tally = new Map<string, number>();
  for (let seed = 0; seed < count; seed++) {
    const isAccepted = (((reference[seed >> 3] as number) >> (seed & 7)) & 1) === 1;
    const outcome = compare(isAccepted, judge(mutant(seed)));
    if (outcome !== "same" && outcome !== "stricter") console.log(`mutant ${seed}: ${outcome}`);
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  }
  console.log(`the reference accepts ${accepted} of ${count}:`, Object.fromEntries(tally));
  expect([...tally.keys()].filter((outcome) => outcome !== "same" && outcome !== "stricter")).toEqual([]);
  expect(tally.get("stricter")).toBeLessThan(count / 20);
});

test("a reader that is laxer in one point would be caught by them", () => {
  const { count, bits } = golden<Golden>("safetensors_mutants.json");
  const reference = Buffer.from(bits, "base64");
  const laxer = [
    /leaves a gap/,
    /bytes follow the header/,
    /overlaps/,
    /surrogate/,
    /nested deeper/,
    /not valid UTF-8/,
    /not text/,
    /is too large/,
  ];
  for (const forgiven of laxer) {
    let caught = 0;
    for (let seed = 0; seed < count && caught === 0; seed++) {
      const verdict = judge(mutant(seed));
      const isLaxer = !verdict.accepted && forgiven.test(verdict.reason);
      const isAccepted = (((reference[seed >> 3] as number) >> (seed & 7)) & 1) === 1;
      if (compare(isAccepted, isLaxer ? { accepted: true, reason: "" } : verdict).startsWith("accepted")) caught++;
    }
    expect(caught, String(forgiven)).toBeGreaterThan(0);
  }
});
