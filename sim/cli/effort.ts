import type { ReplicationTask } from "../experiment/replication.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { compileProfile } from "../workload/compileProfile.ts";

/** From so many requests on it takes minutes, which a slip in a rate or duration does, too. */
const MANY = 1e8;
/** That there is much to simulate; null when there is not. */
export function effortNote(tasks: readonly ReplicationTask[]): string | null {
  const requests = expectedRequests(tasks);
  if (requests <= MANY) return null;
  const millions = Math.round(requests / 1e6);
  return (
    `note: these are about ${millions} million requests, which takes minutes or more\n` +
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
