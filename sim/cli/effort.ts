import type { ReplicationTask } from "../experiment/replication.ts";
import { seconds } from "../kernel/time.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { durationText } from "../scenario/units.ts";
import { compileProfile } from "../workload/compileProfile.ts";

/** From so many requests on it takes minutes, which a slip in a rate or duration does, too. */
const MANY = 1e8;
/** Of a thread of a machine of 2026, for requests with a handful of calls: a rough idea. */
const REQUESTS_PER_SECOND = 3e5;

/** What simulating these will take, when it is much; null when not. */
export function effortNote(tasks: readonly ReplicationTask[], workers: number): string | null {
  const requests = expectedRequests(tasks);
  if (requests <= MANY) return null;
  const wall = Math.ceil(requests / REQUESTS_PER_SECOND / Math.max(1, workers) / 60) * 60;
  const threads = workers > 1 ? `${workers} threads` : "one thread";
  const millions = Math.round(requests / 1e6);
  return (
    `note: these are about ${millions} million requests: ` +
    `roughly ${durationText(seconds(wall))} on ${threads}\n` +
    "      fewer --runs, a shorter duration or lower rates take less; Ctrl-C stops it"
  );
}

/** Arrivals of all tasks, warm-up included; closed traffic sets its own pace and counts none. */
export function expectedRequests(tasks: readonly ReplicationTask[]): number {
  const known = new Map<Scenario, number>();
  return tasks.reduce((sum, { scenario }) => {
    const arrivals = known.get(scenario) ?? arrivalsOf(scenario);
    known.set(scenario, arrivals);
    return sum + arrivals;
  }, 0);
}

const arrivalsOf = ({ traffic, warmUp, duration }: Scenario): number =>
  traffic.reduce(
    (sum, one) =>
      one.kind === "open" ? sum + compileProfile(one.rate, warmUp + duration).total : sum,
    0,
  );
