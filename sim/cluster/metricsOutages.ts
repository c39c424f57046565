import { digestText } from "../kernel/digest.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { MetricsOutage } from "./metricsSpec.ts";

const hashOf = (text: string): number => Number.parseInt(digestText(text).slice(0, 8), 16);
const SITE = hashOf("metrics outages");

/**
 * Whether a source's sample does not arrive. Who is struck is drawn once for an outage, so that it
 * is struck from its beginning to its end, and by its name, so that other sources change nothing.
 */
export class MetricsOutages {
  readonly #outages: readonly MetricsOutage[];
  readonly #draws: KeyedDraws;

  constructor(outages: readonly MetricsOutage[], draws: KeyedDraws) {
    this.#outages = outages;
    this.#draws = draws;
  }

  strikes(of: "resource" | "custom", source: string, now: number): boolean {
    return this.#outages.some(
      (outage, index) =>
        (outage.of === "all" || outage.of === of) &&
        now >= outage.from &&
        now < outage.to &&
        this.#draws.uniform(hashOf(source), SITE, index) < outage.share,
    );
  }
}
