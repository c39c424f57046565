import { compileDistribution } from "../../workload/distributions.ts";
import type { StationSpec } from "../stationSpec.ts";
import type { PlannedStation } from "./plan.ts";

export function planStation(station: StationSpec | null): PlannedStation | null {
  if (station === null) return null;
  const { discipline, preemptive, patience, capacity, breakdowns, setup, servers } = station;
  return {
    discipline,
    preemptive,
    servers,
    patience: patience === null ? null : compileDistribution(patience),
    capacity: capacity ?? Number.POSITIVE_INFINITY,
    breakdowns:
      breakdowns === null
        ? null
        : {
            uptime: compileDistribution(breakdowns.uptime),
            repair: compileDistribution(breakdowns.repair),
            work: breakdowns.work,
          },
    setup: setup === null ? null : { ...setup, time: compileDistribution(setup.time) },
  };
}
