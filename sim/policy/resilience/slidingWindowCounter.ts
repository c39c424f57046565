import { windowLimiter } from "./windowLimiter.ts";

/** What passed in window number `window`, and in the one before it. */
type Counts = { window: number; current: number; previous: number };

/**
 * A sliding window from two counters: a call is let through while what passed in this window, plus
 * what passed in the one before it, as far as that still lies within the last `windowSeconds`, is
 * below the limit. Calls of the window before count as spread evenly.
 * Source: https://blog.cloudflare.com/counting-things-a-lot-of-different-things/
 */
export const slidingWindowCounter = windowLimiter<Counts>("sliding-window-counter", {
  create: (window, now) => ({ window: Math.floor(now / window), current: 0, previous: 0 }),
  isIdle: (counts, window, now) => counts.window < Math.floor(now / window) - 1,
  advance(counts, window, now) {
    const index = Math.floor(now / window);
    if (counts.window === index) return;
    counts.previous = counts.window === index - 1 ? counts.current : 0;
    counts.current = 0;
    counts.window = index;
  },
  // In whole numbers, so that nothing is lost. A call of cost 1 passes while the weighted sum is
  // below the limit: its last part still fits.
  isOver({ current, previous }, { limit, window }, cost, now) {
    const used = current * window + previous * (window - (now % window));
    return used >= (limit - cost + 1) * window;
  },
  use(counts, cost) {
    counts.current += cost;
  },
  // "Below the limit" is strict: the first whole microsecond after it is reached.
  wait({ current, previous }, { limit, window }, cost, now) {
    const into = now % window;
    const room = limit - cost + 1;
    const share = (room - current) / previous;
    if (previous > 0 && share > 0) return Math.floor(window * (1 - share)) + 1 - into;
    if (room <= 0) return null;
    return room > current ? window - into : Math.floor(window * (2 - room / current)) + 1 - into;
  },
});
