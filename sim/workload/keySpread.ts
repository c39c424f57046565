/**
 * Which of so many buckets (partitions, shards) a key belongs to: evenly spread, and the same for
 * every seed, as a hash of names would be.
 */
export function bucketOf(key: number, buckets: number): number {
  let hash = Math.imul((key ^ (key / 4294967296)) | 0, 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) % buckets;
}
