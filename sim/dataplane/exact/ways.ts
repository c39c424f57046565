import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { CallSite } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { Effects } from "./effects.ts";
import type { Links, Place } from "./links.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const { PARENT, REPLICA, TRAFFIC } = INT;
const { LINK, REQUEST } = REAL;

/** How long calls are on their way: over the links between places, and by what faults add. */
export class Ways {
  readonly #draws: KeyedDraws;
  readonly #attributes: readonly AttributeSampler[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #effects: Effects;
  readonly #links: Links;

  constructor(parts: PlaneParts, links: Links) {
    this.#draws = parts.draws;
    this.#attributes = parts.attributes;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#effects = parts.effects;
    this.#links = links;
  }

  /** Nothing takes any time on its way at the moment. */
  get areShort(): boolean {
    return this.#links.isEmpty && !this.#effects.hasLatency;
  }

  /** To the replica; the link's part of it is noted for the way back. */
  there(row: number, site: CallSite, replica: number): number {
    let delay = 0;
    if (!this.#links.isEmpty) {
      const { int, real } = this.#rows;
      const caller = int[int[row + PARENT]! + REPLICA]!;
      const from: Place =
        caller >= 0
          ? this.#links.zone(this.#replicas.zone[caller]!)
          : this.#links.region(this.#attributes[int[row + TRAFFIC]!]!, real[row + REQUEST]!);
      const to = this.#links.zone(this.#replicas.zone[replica]!);
      delay = this.#links.delay(from, to, row, this.#rows, this.#draws);
      real[row + LINK] = delay;
    }
    if (this.#effects.hasLatency) {
      delay += this.#effects.latency(site, replica, row, this.#rows, this.#draws);
    }
    return delay;
  }

  /** The link's part of it: what a fault adds is on the way there only. */
  back(row: number): number {
    return this.#links.isEmpty ? 0 : this.#rows.real[row + LINK]!;
  }
}
