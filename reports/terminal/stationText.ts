import type { PolicyResult } from "../../sim/result/result.ts";
import { fixed } from "../format.ts";
import type { Line } from "./textStyle.ts";

type Station = NonNullable<PolicyResult["replications"][number]["stations"]>[number];

/** What `run` shows of queues and servers: means over time, and shares of the arrivals. */
export function stationRows({ replications }: PolicyResult): readonly (readonly Line[])[] {
  const all = replications.flatMap(({ stations = [] }) => stations);
  const names = [...new Set(all.map(({ service }) => service))];
  return names.map((name) => {
    const seen = all.filter(({ service }) => service === name);
    const sum = (read: (station: Station) => number): number =>
      seen.reduce((total, station) => total + read(station), 0);
    const share = (read: (station: Station) => number, what: string): readonly Line[] =>
      sum(read) === 0
        ? []
        : [
            [
              `${fixed(
                (100 * sum(read)) /
                  Math.max(
                    sum(({ arrivals }) => arrivals),
                    1,
                  ),
                2,
              )} % ${what}`,
            ],
          ];
    const mean = (read: (station: Station) => number, what: string): readonly Line[] =>
      sum(read) === 0 ? [] : [[`${fixed(sum(read) / seen.length, 2)} ${what}`]];
    return [
      [name],
      ...mean(({ meanWaiting }) => meanWaiting, "waiting"),
      ...mean(({ meanBusy }) => meanBusy, "busy"),
      ...mean(({ meanIdle }) => meanIdle, "idle"),
      ...mean(({ meanDown }) => meanDown, "down"),
      ...share(({ coldStarts }) => coldStarts, "cold starts"),
      ...share(({ abandoned }) => abandoned, "gave up"),
    ];
  });
}
