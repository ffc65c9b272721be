import { describe, expect, test } from "vitest";
import { classifierGraph } from "../../../src/models/onnx/classifierGraph.ts";
import { formulaModel, type GoldenCase, goldenCases, goldenTypes } from "../familyModel.ts";
import { logitsOf, sessionOf } from "./runGraph.ts";

const worstOf = (mine: readonly number[][], theirs: readonly number[][]) =>
  Math.max(...theirs.flatMap((row, i) => row.map((value, j) => Math.abs(value - (mine[i]?.[j] as number)))));

const inputsOf = ({ input_ids, attention_mask, token_type_ids }: GoldenCase) => ({
  input_ids,
  attention_mask,
  token_type_ids,
});

const labelOf = (row: readonly number[]) => row.indexOf(Math.max(...row));

describe.each(goldenTypes)("%s", (modelType) => {
  const cases = goldenCases(modelType);

  test.each(cases.map((_, i) => i))("case %i: logits of a padded batch equal transformers'", async (i) => {
    const expected = cases[i] as GoldenCase;
    const model = formulaModel(expected.config);
    const session = await sessionOf(classifierGraph(model));
    expect(session.outputNames).toEqual(["logits"]);
    const worst = worstOf(await logitsOf(session, inputsOf(expected)), expected.logits);
    expect(worst).toBeLessThanOrEqual(1e-4);
    console.log(`${modelType} ${i}: ONNX within ${worst.toExponential(1)} of transformers (asked: 1e-4)`);
    model.dispose();
  });

  test.each(cases.map((_, i) => i))("case %i: each text has the same logits alone, without padding", async (i) => {
    const expected = cases[i] as GoldenCase;
    const model = formulaModel(expected.config);
    const session = await sessionOf(classifierGraph(model));
    for (const [text, mask] of expected.attention_mask.entries()) {
      const alone = (rows: number[][] | undefined) => rows && [(rows[text] ?? []).filter((_, at) => mask[at] === 1)];
      const inputs = Object.entries(inputsOf(expected)).map(([name, rows]) => [name, alone(rows)]);
      const logits = await logitsOf(session, Object.fromEntries(inputs));
      expect(worstOf(logits, [expected.logits[text] as number[]])).toBeLessThanOrEqual(1e-4);
    }
    model.dispose();
  });

  test("in eight bits the file is much smaller, logits are close and labels mostly agree", async () => {
    for (const expected of cases) {
      const model = formulaModel(expected.config);
      const graph = classifierGraph(model, { inEightBits: true });
      const logits = await logitsOf(await sessionOf(graph), inputsOf(expected));
      const spread = Math.max(...expected.logits.flat()) - Math.min(...expected.logits.flat());
      const worst = worstOf(logits, expected.logits);
      expect(worst).toBeLessThan(0.15 * spread);
      expect(worst).toBeGreaterThan(1e-4); // they are other weights
      const agree = logits.filter((row, text) => labelOf(row) === labelOf(expected.logits[text] as number[])).length;
      expect(agree).toBeGreaterThanOrEqual(logits.length - 1);
      console.log(
        `${modelType} in eight bits: within ${worst.toFixed(3)} of a spread of ${spread.toFixed(2)}, ` +
          `${agree} of ${logits.length} labels agree`,
      );
      model.dispose();
    }
  });
});
