import { expect, test } from "vitest";
import { bucketOf } from "../../src/models/mpnet.ts";

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
