import { type Json, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { SlotKeeper } from "./slotKeeper.ts";
import type { Slots } from "./slots.ts";
import { Station } from "./station.ts";
import { FigureKeeper, type StationFigures } from "./stationFigures.ts";
import { type Place, StationServers } from "./stationServers.ts";

const { FLAGS, REPLICA } = INT;
const { SINCE } = REAL;
const { HOLDS_SLOT } = FLAG;

/**
 * Slots of services whose replicas are stations: servers that can be taken away from a request, and
 * queues with an order of their own. Other services keep their plain slots.
 */
export class Stations implements SlotKeeper {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #plain: Slots;
  readonly #servers: StationServers;
  /** By replica; null where the service has none. */
  readonly #places: (Place | null)[] = [];
  /** By service; null where it has no stations. */
  readonly #figures: readonly (FigureKeeper | null)[];

  constructor(
    parts: PlaneParts,
    { plain, abandoned }: { readonly plain: Slots; readonly abandoned: (row: number) => void },
  ) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#plain = plain;
    this.#servers = new StationServers(parts, {
      placeOf: (replica) => this.#places[replica]!,
      abandoned,
    });
    this.#figures = this.#services.map(({ station }) =>
      station === null ? null : new FigureKeeper(),
    );
  }

  /** The measured time begins. */
  resetFigures(): void {
    for (const figures of this.#figures) figures?.reset(this.#simulation.now);
  }

  /** Of a service with stations; null for other services. */
  figures(service: number): StationFigures | null {
    return this.#figures[service]?.read(this.#simulation.now) ?? null;
  }

  /** Whether a request that came to the replica now would be served at once. */
  hasIdleServer(replica: number): boolean {
    return this.#places[replica]?.station.newestIdle() !== undefined;
  }

  enter(row: number, replica: number): boolean {
    const place = this.#places[replica]!;
    if (place === null) return this.#plain.enter(row, replica);
    const { station, spec, service, figures } = place;
    figures.count("arrivals");
    const inSystem = this.#replicas.queueLength[replica]! + station.byRow.size;
    const isFull = inSystem >= spec.capacity;
    const outcome = isFull ? "refused" : this.#servers.admit(place, row, service.queueLimit);
    if (outcome !== "served") figures.count(outcome);
    return outcome !== "refused";
  }

  pass(row: number): void {
    this.#plain.pass(row);
  }

  leave(replica: number, row: number): void {
    const place = this.#places[replica]!;
    if (place === null) this.#plain.leave(replica);
    else this.#servers.leave(place, row);
  }

  releaseIfAsynchronous(row: number): void {
    const { int } = this.#rows;
    const replica = int[row + REPLICA]!;
    const place = replica < 0 ? null : this.#places[replica]!;
    if (place === null) this.#plain.releaseIfAsynchronous(row);
    else if (place.service.asynchronous && (int[row + FLAGS]! & HOLDS_SLOT) !== 0) {
      int[row + FLAGS]! &= ~HOLDS_SLOT;
      this.#servers.leave(place, row);
    }
  }

  resume(row: number): void {
    const place = this.#places[this.#rows.int[row + REPLICA]!]!;
    if (place === null || !this.#plain.needsSlot(row)) this.#plain.resume(row);
    else {
      this.#rows.real[row + SINCE] = this.#simulation.now;
      this.#servers.admit(place, row, Number.POSITIVE_INFINITY);
    }
  }

  /** Does a row's work when a server does it that may lose it; false when none does. */
  work(row: number, demand: number): boolean {
    const place = this.#places[this.#rows.int[row + REPLICA]!]!;
    return place !== null && this.#servers.work(place, row, demand);
  }

  begin(replica: number): void {
    const service = this.#services[this.#replicas.service[replica]!]!;
    while (this.#places.length <= replica) this.#places.push(null);
    const place = this.#open(replica, service);
    if (place === null) return;
    place.station.open(this.#simulation.now);
    this.#servers.adjust(place);
  }

  clear(replica: number): void {
    const place = this.#places[replica]!;
    if (place !== null) this.#servers.close(place);
    this.#places[replica] = null;
    this.#plain.clear(replica);
  }

  state(): Json {
    return {
      stations: this.#places.map((place) => place?.station.state() ?? null),
      figures: this.#figures.map((figures) => figures?.state() ?? null),
    };
  }

  /** After the replicas, whose services it needs. */
  restore(state: Json): void {
    const saved = savedState<StationsState>(state);
    saved.stations.forEach((station, replica) => {
      this.#places.push(null);
      if (station === null) return;
      const service = this.#services[this.#replicas.service[replica]!]!;
      this.#open(replica, service)?.station.restore(station);
    });
    saved.figures.forEach((figures, service) => {
      if (figures !== null) this.#figures[service]!.restore(figures);
    });
  }

  #open(replica: number, service: PlannedService): Place | null {
    const spec = service.station;
    const figures = this.#figures[this.#services.indexOf(service)] ?? null;
    if (spec === null || figures === null) return null;
    const place = { replica, service, spec, figures, station: new Station(spec, figures) };
    this.#places[replica] = place;
    return place;
  }
}

interface StationsState {
  readonly stations: readonly (Json | null)[];
  readonly figures: readonly (Json | null)[];
}
