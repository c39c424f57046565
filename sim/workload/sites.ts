/**
 * How the numbers of draw sites are divided up. A model numbers its call sites from 0, below
 * `MODEL_SITES`; the attributes of requests have the block above it. A sample that needs several
 * draws takes them at the sites `derivedSite(site, 1 … 63)`, which lie 2^24 apart and so meet no
 * other site; the exponential's slow path flips bit 30. Rejection methods put their turn into bits
 * 16 … 30 of the attempt, so attempts stay below 2^15.
 */
export const MODEL_SITES = 0x00f0_0000;

/** Sites of request attributes, one each. */
export const ATTRIBUTE_SITES = {
  user: MODEL_SITES,
  key: MODEL_SITES + 1,
  region: MODEL_SITES + 2,
  tenant: MODEL_SITES + 3,
  journey: MODEL_SITES + 4,
  /** Step n of a journey draws at this site plus n. */
  journeyStep: MODEL_SITES + 0x1000,
} as const;

/** The site of draw number `index` (1 … 63) within one sample at `site`. */
export const derivedSite = (site: number, index: number): number => site ^ (index << 24);

/** The attempt of turn number `turn` of a rejection method. */
export const turnAttempt = (attempt: number, turn: number): number => attempt ^ (turn << 16);
