import type { ReplicationResult, StationResult } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";

/** Means over the measured time, and counts, of services whose slots are more than so many. */
export function stationResults(model: Model): Pick<ReplicationResult, "stations"> {
  const { plan, plane, scenario, simulation } = model;
  const measured = simulation.now - scenario.warmUp;
  const stations = plan.services.flatMap(({ name }, index): readonly StationResult[] => {
    const figures = plane.stationFigures(index);
    if (figures === null || measured <= 0) return [];
    const { waiting, busy, idle, settingUp, off, down } = figures.areas;
    return [
      {
        service: name,
        ...figures.counts,
        meanWaiting: waiting / measured,
        meanBusy: busy / measured,
        meanIdle: idle / measured,
        meanSettingUp: settingUp / measured,
        meanOff: off / measured,
        meanDown: down / measured,
      },
    ];
  });
  return stations.length === 0 ? {} : { stations };
}
