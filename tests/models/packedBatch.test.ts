import { expect, test } from "vitest";
import { PackedBatch, positionsAfterPadding } from "../../src/models/packedBatch.ts";

const plain = ({ inputIds, tokenTypeIds, positions, packing }: PackedBatch) => ({
  inputIds: [...inputIds],
  tokenTypeIds: [...tokenTypeIds],
  positions: [...positions],
  lengths: [...packing.lengths],
});

test("texts are joined, and each counts its positions from 0", () => {
  const batch = PackedBatch.fromTexts([{ inputIds: [2, 7, 3] }, { inputIds: [2, 3], tokenTypeIds: [1, 0] }]);
  expect(plain(batch)).toEqual({
    inputIds: [2, 7, 3, 2, 3],
    tokenTypeIds: [0, 0, 0, 1, 0],
    positions: [0, 1, 2, 0, 1],
    lengths: [3, 2],
  });
});

test("padding at the end is left out", () => {
  const batch = PackedBatch.fromPadded({
    inputIds: [
      [2, 7, 3],
      [2, 3, 0],
    ],
    attentionMask: [
      [1, 1, 1],
      [1, 1, 0],
    ],
    tokenTypeIds: [
      [0, 1, 1],
      [0, 0, 0],
    ],
  });
  expect(plain(batch)).toEqual({
    inputIds: [2, 7, 3, 2, 3],
    tokenTypeIds: [0, 1, 1, 0, 0],
    positions: [0, 1, 2, 0, 1],
    lengths: [3, 2],
  });
});

test("padding at the start is left out too, and the tokens keep the positions they had, as in transformers", () => {
  const batch = PackedBatch.fromPadded({ inputIds: [[0, 0, 2, 3]], attentionMask: [[0, 0, 1, 1]] });
  expect(plain(batch)).toMatchObject({ inputIds: [2, 3], positions: [2, 3], lengths: [2] });
});

test("without a mask every id is a token, also 0", () => {
  expect(plain(PackedBatch.fromPadded({ inputIds: [[0, 5, 0]] })).inputIds).toEqual([0, 5, 0]);
});

test.each([
  [{ inputIds: [[2], [0]], attentionMask: [[1], [0]] }, /Text 1 of the batch has no token/],
  [{ inputIds: [[]] }, /Text 0 of the batch has no token/],
])("%j is refused with the text's number", (batch, message) => {
  expect(() => PackedBatch.fromPadded(batch)).toThrow(message);
});

const positions = (padding: number, ...texts: number[][]) => [
  ...positionsAfterPadding(PackedBatch.fromTexts(texts.map((inputIds) => ({ inputIds }))), padding),
];

// transformers 5.23: RobertaEmbeddings.create_position_ids_from_input_ids(torch.tensor([[0, 7, 8, 1, 9]]), 1)
test("positions begin after the padding's index, in every text, and skip its id", () => {
  expect(positions(1, [0, 7, 8, 1, 9])).toEqual([2, 3, 4, 1, 5]);
  expect(positions(1, [0, 7], [0, 8, 9])).toEqual([2, 3, 2, 3, 4]);
  expect(positions(3, [0, 3, 5])).toEqual([4, 3, 5]);
});

test("padding at either side moves nothing", () => {
  const batch = PackedBatch.fromPadded({
    inputIds: [
      [1, 1, 0, 7],
      [0, 7, 1, 1],
    ],
    attentionMask: [
      [0, 0, 1, 1],
      [1, 1, 0, 0],
    ],
  });
  expect([...positionsAfterPadding(batch, 1)]).toEqual([2, 3, 2, 3]);
});
