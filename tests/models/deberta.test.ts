import { expect, test } from "vitest";
import { logBucket } from "../../src/models/deberta.ts";

const v3 = { buckets: 256, maxPosition: 512 };

// transformers 5.23: make_log_bucket_position(torch.tensor(distances), 256, 512).long()
test.each([
  [1, 1],
  [128, 128],
  [129, 129],
  [140, 137],
  [200, 169],
  [256, 192],
  [300, 207],
  [400, 233],
  [510, 255],
  [511, 255],
])("a distance of %d is in bucket %d, and backwards in its negative", (distance, bucket) => {
  expect(logBucket(distance, v3)).toBe(bucket);
  expect(logBucket(-distance, v3)).toBe(-bucket);
});

test("a token's distance to itself is 0, and distances beyond the last are counted on", () => {
  expect(logBucket(0, v3)).toBe(0);
  expect([512, 600, 3000].map((distance) => logBucket(distance, v3))).toEqual([256, 270, 418]);
});

test("without buckets every distance is its own", () => {
  expect([-700, 3].map((distance) => logBucket(distance, { buckets: -1, maxPosition: 512 }))).toEqual([-700, 3]);
});
