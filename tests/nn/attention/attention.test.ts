/** What scores are made of, term by term and in both forms of attention, against the formula differentiated by tfjs. */
import { describe, expect, test } from "vitest";
import type { ScoreTerms } from "../../../src/nn/attention/attention.ts";
import { composedAttention, fusedAttention } from "../../../src/nn/attention/attention.ts";
import { Packing } from "../../../src/nn/packing.ts";
import { nativeOps } from "../../../src/tensor/native.ts";
import { tf } from "../../../src/tensor/tensorflow.ts";
import { compare, random, type Tensor } from "../compare.ts";

const heads = 3;
const width = 2;
const hidden = heads * width;

type Matrix = ReturnType<typeof tf.tensor2d>;
const columns = (x: Tensor, head: number) => x.slice([0, head * width], [-1, width]) as Matrix;

/** Of one head of one text of `length` tokens, whose first one is `first` of the batch. */
interface Place {
  readonly head: number;
  readonly length: number;
  readonly first: number;
}

/** One text and one head at a time: `scores` is given their queries and keys, `[length, width]`. */
function textByText(
  lengths: readonly number[],
  [query, key, value]: readonly Tensor[],
  scores: (q: Matrix, k: Matrix, place: Place) => Tensor,
): Tensor {
  let first = 0;
  const texts = lengths.map((length) => {
    const parts = Array.from({ length: heads }, (_, head) => {
      const [q, k, v] = [query, key, value].map((x) =>
        columns((x as Tensor).slice([first, 0], [length, hidden]) as Tensor, head),
      ) as [Matrix, Matrix, Matrix];
      return tf.matMul(tf.softmax(scores(q, k, { head, length, first })) as Matrix, v);
    });
    first += length;
    return tf.concat(parts, 1);
  });
  return tf.concat(texts, 0) as Tensor;
}

/** The row of a table for each pair of tokens i and j: `[length, length, columns of the table]`. */
function byPair(table: Tensor, length: number, rowOf: (i: number, j: number) => number): Tensor {
  const rows = Array.from({ length: length * length }, (_, at) => rowOf(Math.floor(at / length), at % length));
  return tf.gather(table, tf.tensor1d(rows, "int32")).reshape([length, length, -1]);
}

const forms = [["composed", composedAttention] as const, ...(nativeOps ? [["fused", fusedAttention] as const] : [])];
const texts = [[[4, 4]], [[3, 1, 5]], [[1]], [[2, 50, 1, 3, 7, 51]]]; // 50: more than one block of queries

describe.each(forms)("%s attention", (_form, attention) => {
  describe.each(texts)("over packed texts of %j tokens", (lengths) => {
    const packing = new Packing(lengths);
    const { tokens, maxLength: longest } = packing;
    const options = { heads, packing, dropoutRate: 0, dropoutRng: undefined };
    const inputs = ["query", "key", "value"].map((name) => random(name, [tokens, hidden]));
    const table = random("table", [2 * longest, hidden]);
    const segments = Int32Array.from({ length: tokens }, (_, i) => (i * i) % 3);
    const factor = 0.6;
    const content = (q: Matrix, k: Matrix) => tf.matMul(q, k, false, true).mul(factor) as Tensor;

    const agrees = (
      what: string,
      more: readonly Tensor[],
      terms: (more: Tensor[]) => ScoreTerms,
      scores: (q: Matrix, k: Matrix, place: Place, more: Tensor[]) => Tensor,
    ) =>
      compare(
        what,
        [...inputs, ...more],
        (q, k, v, ...more) =>
          attention(q as Tensor, k as Tensor, v as Tensor, { ...options, terms: { factor, ...terms(more) } }),
        (q, k, v, ...more) =>
          textByText(lengths, [q, k, v] as Tensor[], (q, k, place) => scores(q, k, place, more) as Tensor),
      );

    test("without terms is that of each text, with 1 / sqrt(width of a head)", () => {
      compare(
        "plain",
        inputs,
        (q, k, v) => attention(q as Tensor, k as Tensor, v as Tensor, options),
        (q, k, v) =>
          textByText(lengths, [q, k, v] as Tensor[], (q, k) => tf.matMul(q, k, false, true).div(Math.sqrt(width))),
      );
    });

    test("lets a query say something to a distance", () => {
      agrees(
        "by query",
        [table],
        ([byQuery]) => ({ byQuery: byQuery as Tensor }),
        (q, k, { head, length }, [table]) => {
          const rows = byPair(columns(table as Tensor, head), length, (i, j) => longest - 1 - (i - j));
          return content(q, k).add(rows.mul(tf.expandDims(q, 1)).sum(-1).mul(factor));
        },
      );
    });

    test("lets a key say something to a distance", () => {
      agrees(
        "by key",
        [table],
        ([byKey]) => ({ byKey: byKey as Tensor }),
        (q, k, { head, length }, [table]) => {
          const rows = byPair(columns(table as Tensor, head), length, (i, j) => longest - 1 + (i - j));
          return content(q, k).add(rows.mul(tf.expandDims(k, 0)).sum(-1).mul(factor));
        },
      );
    });

    test("adds a bias by distance and head", () => {
      agrees(
        "by distance",
        [random("bias", [2 * longest, heads])],
        ([byDistance]) => ({ byDistance: byDistance as Tensor }),
        (q, k, { head, length }, [table]) => {
          const column = (table as Tensor).slice([0, head], [-1, 1]) as Tensor;
          const bias = byPair(column, length, (i, j) => longest - 1 - (i - j)).reshape([length, length]);
          return content(q, k).add(bias);
        },
      );
    });

    test("lets a query say something to another segment", () => {
      agrees(
        "by segment",
        [random("segment", [1, hidden]), random("segment bias", [1, heads])],
        ([otherSegment, segmentBias]) => ({
          otherSegment: otherSegment as Tensor,
          segmentBias: segmentBias as Tensor,
          segments,
        }),
        (q, k, { head, length, first }, [row, bias]) => {
          const differs = Array.from({ length: length * length }, (_, at) =>
            Number(segments[first + Math.floor(at / length)] !== segments[first + (at % length)]),
          );
          const said = tf
            .matMul(q, columns(row as Tensor, head), false, true)
            .mul(factor)
            .add((bias as Tensor).slice([0, head], [1, 1]));
          return content(q, k).add(said.mul(tf.tensor2d(differs, [length, length])));
        },
      );
    });

    test.each([1, 2, 20])("sees no further than a window of %d", (window) => {
      agrees(
        "window",
        [],
        () => ({ window }),
        (q, k, { length }) => {
          const far = Array.from({ length: length * length }, (_, at) =>
            Math.abs(Math.floor(at / length) - (at % length)) > window ? -1e30 : 0,
          );
          return content(q, k).add(tf.tensor2d(far, [length, length]));
        },
      );
    });
  });

  test.each(["first", "last"] as const)("of each text's %s token is that row of the whole", (queryRows) => {
    const packing = new Packing([5, 1, 60]);
    const [query, key, value, table] = ["q", "k", "v", "t"].map((name) =>
      random(name, [name === "t" ? 120 : packing.tokens, hidden]),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const terms = { byQuery: table, byKey: table, window: 7 };
    const options = { heads, packing, dropoutRate: 0, dropoutRng: undefined, terms };
    const rows = tf.tensor1d(packing.rowsOf(queryRows) as Int32Array, "int32");
    const pick = (x: Tensor) => tf.gather(x, rows) as Tensor;
    const all = pick(attention(query, key, value, options));
    const some = attention(pick(query), key, value, { ...options, queryRows });
    expect(some.shape).toEqual([3, hidden]);
    expect(all.sub(some).abs().max().dataSync()[0]).toBeLessThan(1e-6);
  });
});
