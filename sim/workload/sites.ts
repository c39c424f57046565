/**
 * Draw sites: numbers that tell the draws of one request apart. Those of calls and instructions are
 * hashes of their names (31 bits); the attributes of requests have fixed ones. A sample that needs
 * several draws takes them at the sites `derivedSite(site, 1 … 63)`; the exponential's slow path
 * flips bit 30. Rejection methods put their turn into bits 16 … 30 of the attempt, so attempts stay
 * below 2^15.
 */
export const ATTRIBUTE_SITES = {
  user: 0x00f0_0000,
  key: 0x00f0_0001,
  region: 0x00f0_0002,
  tenant: 0x00f0_0003,
} as const;

/** The site of draw number `index` (1 … 63) within one sample at `site`. */
export const derivedSite = (site: number, index: number): number => site ^ (index << 24);

/** The attempt of turn number `turn` of a rejection method. */
export const turnAttempt = (attempt: number, turn: number): number => attempt ^ (turn << 16);
