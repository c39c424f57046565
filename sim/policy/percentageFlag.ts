import { md5 } from "@noble/hashes/legacy.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/** Buckets that users fall into: a flag is enabled in steps of 1 %. */
const BUCKETS = 100;

/**
 * The bucket, 0 … 99, of a user under a flag: the first 32 bits of MD5 over `flag:user` in UTF-8,
 * modulo 100. It depends on nothing else, so every process agrees without being told, and users
 * who have a flag keep it as its percentage grows.
 * Source: the feature-flag service of the reference systems (row 16): test/conformance/limiter.
 */
export function flagBucket(flag: string, user: string): number {
  const digest = md5(utf8ToBytes(`${flag}:${user}`));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) % BUCKETS;
}

/** Whether a user has a flag that is enabled for so many percent of the users. */
export const isFlagEnabled = (flag: string, user: string, percent: number): boolean =>
  flagBucket(flag, user) < percent;
