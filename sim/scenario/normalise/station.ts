import type { CpuDiscipline } from "../../dataplane/serviceSpec.ts";
import type { ServerScheduleSpec, StationSpec } from "../../dataplane/stationSpec.ts";
import { type Micros, micros } from "../../kernel/time.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { ConcurrencyInput, QueueInput } from "../schema/station.ts";
import type { Path } from "../tree.ts";
import { parseDuration } from "../units.ts";
import type { Context } from "./context.ts";
import { distributionOr, normaliseDistribution } from "./time.ts";

type QueueMap = Exclude<QueueInput, number>;

/** Slots at the start; null for no limit. */
export function slotsOf(input: ConcurrencyInput | undefined): number | null {
  if (input === undefined) return null;
  if (typeof input === "number") return input;
  const [first] = stepsOf(input);
  return first?.count ?? null;
}

export const queueLimitOf = (input: QueueInput | undefined): number | null =>
  (typeof input === "number" ? input : input?.limit) ?? null;

/** What a service and a datastore have in common. */
type StationInput = Pick<ServiceInput, "concurrency" | "queue" | "breakdowns" | "setup">;

/** Null for a service whose slots serve first come, first served, and nothing else. */
export function normaliseStation(
  context: Context,
  input: StationInput,
  path: Path,
  options: { readonly discipline: CpuDiscipline; readonly warmUp: Micros },
): StationSpec | null {
  const { breakdowns, setup } = input;
  const queue: QueueMap = typeof input.queue === "object" ? input.queue : {};
  const station: StationSpec = {
    discipline: queue.discipline ?? "fifo",
    preemptive: queue.preemptive ?? false,
    patience: distributionOr(context, queue.patience, [...path, "queue", "patience"], null),
    capacity: queue.capacity ?? null,
    breakdowns:
      breakdowns === undefined
        ? null
        : {
            uptime: normaliseDistribution(context, breakdowns.uptime, [
              ...path,
              "breakdowns",
              "uptime",
            ]),
            repair: normaliseDistribution(context, breakdowns.repair, [
              ...path,
              "breakdowns",
              "repair",
            ]),
            work: breakdowns.work ?? "resume",
          },
    setup:
      setup === undefined
        ? null
        : {
            time: normaliseDistribution(context, setup.time, [...path, "setup", "time"]),
            idle: setup.idle === undefined ? micros(0) : parseDuration(setup.idle),
            waits: setup.waits ?? "queue",
          },
    servers: normaliseServers(context, input.concurrency, path, options.warmUp),
  };
  checkStation(context, station, input, { path, discipline: options.discipline });
  const isPlain = station.discipline === "fifo" && station.patience === null;
  const isBare = station.breakdowns === null && setup === undefined && station.servers === null;
  return isPlain && isBare && station.capacity === null ? null : station;
}

function checkStation(
  context: Context,
  station: StationSpec,
  { concurrency, breakdowns, setup }: StationInput,
  { path, discipline }: { readonly path: Path; readonly discipline: CpuDiscipline },
): void {
  const { preemptive, servers } = station;
  if (preemptive && station.discipline !== "priority") {
    const hint = "add discipline: priority";
    context.atKey([...path, "queue", "preemptive"], "only priorities can preempt", hint);
  }
  const stops: readonly (readonly [boolean, Path])[] = [
    [preemptive, ["queue", "preemptive"]],
    [breakdowns !== undefined, ["breakdowns"]],
    [servers?.drain === "requeue", ["concurrency", "drain"]],
  ];
  for (const [isAsked, place] of stops) {
    if (!isAsked || discipline === "fifo") continue;
    const hint = "add cpu: fifo, where each slot is a server of its own";
    context.atKey([...path, ...place], `work under ${discipline} cannot be stopped`, hint);
  }
  for (const [key, value] of Object.entries({ breakdowns, setup })) {
    if (value === undefined || concurrency !== undefined) continue;
    const hint = "add concurrency: how many slots there are";
    context.atKey([...path, key], `${key} needs a number of slots`, hint);
  }
  if (breakdowns !== undefined && setup !== undefined) {
    context.atKey([...path, "setup"], "slots that break down cannot be switched off as well");
  }
}

const stepsOf = (input: Exclude<ConcurrencyInput, number>) =>
  Array.isArray(input) ? input : input.steps;

/** Times count from the start of the measured time: the first count holds before it, too. */
function normaliseServers(
  context: Context,
  input: ConcurrencyInput | undefined,
  path: Path,
  warmUp: Micros,
): ServerScheduleSpec | null {
  if (input === undefined || typeof input === "number") return null;
  const written = stepsOf(input);
  const place = Array.isArray(input) ? [...path, "concurrency"] : [...path, "concurrency", "steps"];
  const times = written.map(({ from }) => parseDuration(from));
  if (times[0] !== 0) {
    context.atValue([...place, 0, "from"], "the first step is at 0s");
  }
  times.forEach((time, i) => {
    const before = times[i - 1];
    if (before === undefined || time > before) return;
    context.atValue(
      [...place, i, "from"],
      `steps come in order of time, ${time / 1e6}s is not after ${before / 1e6}s`,
    );
  });
  return {
    steps: written.map(({ count }, i) => ({
      from: micros(i === 0 ? 0 : times[i]! + warmUp),
      count,
    })),
    drain: Array.isArray(input) ? "graceful" : (input.drain ?? "graceful"),
  };
}
