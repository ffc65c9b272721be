import { expect, test } from "vitest";
import { bucketOf } from "../../src/models/mpnet.ts";
import { PackedBatch, positionsAfterPadding } from "../../src/models/packedBatch.ts";

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

// transformers 5.23: MPNetEncoder.relative_position_bucket(torch.arange(-200, 201)); where its value changes
test("distances fall into the buckets of transformers", () => {
  const left = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
  left.forEach((distance, bucket) => {
    expect(bucketOf(-distance), `-${distance}`).toBe(bucket);
    if (distance === 0) return;
    expect(bucketOf(distance), `${distance}`).toBe(16 + bucket);
    expect(bucketOf(1 - distance), `${1 - distance}`).toBe(bucket - 1);
  });
  expect([bucketOf(-1000), bucketOf(1000)]).toEqual([15, 31]);
});
