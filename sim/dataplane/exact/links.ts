import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { compileDistribution, type TimeDistribution } from "../../workload/distributions.ts";
import type { LinkSpec } from "../serviceSpec.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";

const { ATTEMPT, KEY } = INT;
const { REQUEST } = REAL;

/** A zone with its region, or a region of users: what a link can name. */
export interface Place {
  readonly zone: string | null;
  readonly region: string;
}

const LINK_SITE = 0x58000000;

/** Delays between places; the first link that names both ends counts, in either direction. */
export class Links {
  readonly #links: readonly { readonly spec: LinkSpec; readonly time: TimeDistribution }[];
  readonly #zones: readonly Place[];
  readonly isEmpty: boolean;
  readonly #regions = new Map<string, Place>();

  constructor(links: readonly LinkSpec[], zones: readonly Place[]) {
    this.#links = links.map((spec) => ({ spec, time: compileDistribution(spec.latency) }));
    this.#zones = zones;
    this.isEmpty = links.length === 0;
  }

  /** By the cluster's number of the zone. */
  zone(index: number): Place {
    return this.#zones[index]!;
  }

  region(attributes: AttributeSampler, request: number): Place {
    const name = attributes.spec.regions[attributes.region(request)]!.name;
    let place = this.#regions.get(name);
    if (place === undefined) {
      place = { zone: null, region: name };
      this.#regions.set(name, place);
    }
    return place;
  }

  /** One way, in whole microseconds; a keyed draw of the call. */
  delay(from: Place, to: Place, row: number, rows: CallTable, draws: KeyedDraws): number {
    for (const { spec, time } of this.#links) {
      const forth = names(from, spec.from) && names(to, spec.to);
      if (!forth && !(names(from, spec.to) && names(to, spec.from))) continue;
      const key = rows.int[row + KEY]! ^ LINK_SITE;
      return roundHalfEven(
        time.sample(draws, rows.real[row + REQUEST]!, key, rows.int[row + ATTEMPT]!),
      );
    }
    return 0;
  }
}

const names = (place: Place, name: string): boolean => place.zone === name || place.region === name;
