/** Relative positions of DeBERTa: near ones each for themselves, far ones by the logarithm (He et al. 2021, arXiv:2111.09543). */

export interface LogBucketOptions {
  /** How many buckets each direction has; 0 or less: every distance is its own. */
  readonly buckets: number;
  /** Distances from here on share the last bucket. */
  readonly maxPosition: number;
}

/**
 * The bucket of a distance (query - key), -buckets to buckets. After `make_log_bucket_position` of transformers 5.23,
 * models/deberta_v2/modeling_deberta_v2.py: with `m = buckets / 2`, `r` where `|r| <= m`, else
 * `sign(r) * (m + ceil(ln(|r| / m) / ln((maxPosition - 1) / m) * (m - 1)))`, in float32 there and here.
 */
export function logBucket(distance: number, { buckets, maxPosition }: LogBucketOptions): number {
  const middle = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  if (buckets <= 0 || size <= middle) return distance;
  const f = Math.fround;
  const part = f(f(Math.log(f(size / middle))) / f(Math.log(f((maxPosition - 1) / middle))));
  return Math.sign(distance) * (Math.ceil(f(part * (middle - 1))) + middle);
}
