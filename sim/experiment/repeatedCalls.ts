import type { CallCounts, ReplicationResult } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";

/**
 * What calls took beyond their first attempts, by service that was called; nothing where all calls
 * are plain, and no service that none of it happened to.
 */
export function repeatedCalls({ plan, recorder }: Model): Pick<ReplicationResult, "calls"> {
  if (plan.program.sites.every(({ call }) => call === null)) return {};
  const { retries, retriesDenied, hedges, hedgesWon, timeouts, fallbacks } = recorder.attempts;
  const calls = plan.services.map(
    ({ name }, index): CallCounts => ({
      service: name,
      attempts: recorder.services[index]!.arrivals.reduce((sum, count) => sum + count, 0),
      retries: retries[index]!,
      retriesDenied: retriesDenied[index]!,
      hedges: hedges[index]!,
      hedgesWon: hedgesWon[index]!,
      timeouts: timeouts[index]!,
      fallbacks: fallbacks[index]!,
    }),
  );
  const isAny = ({ service: _service, attempts: _attempts, ...counts }: CallCounts): boolean =>
    Object.values(counts).some((count) => count > 0);
  return { calls: calls.filter(isAny) };
}
