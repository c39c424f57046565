import type { CallPlan } from "../../dataplane/callplan/plan.ts";
import type { OpenTraffic } from "../../dataplane/exact/openClients.ts";
import type { Producer } from "../../dataplane/exact/producers.ts";
import type { createStreams } from "../../kernel/streams.ts";
import { type ArrivalProcess, pacedArrivals, poissonArrivals } from "../../workload/arrivals.ts";
import { ANYONE, type PopulationSpec } from "../../workload/attributes.ts";
import { compileProfile } from "../../workload/compileProfile.ts";
import { mmppArrivals } from "../../workload/mmpp.ts";
import type { RateProfile } from "../../workload/rateProfile.ts";
import type { Scenario } from "../scenario.ts";

/** Open traffic, in time of the run. */
export function openTraffic(
  scenario: Scenario,
  streams: ReturnType<typeof createStreams>,
): readonly (OpenTraffic & { readonly rate: RateProfile })[] {
  return scenario.traffic.flatMap((traffic, index) => {
    if (traffic.kind !== "open") return [];
    const rate = compileProfile(traffic.rate, scenario.warmUp + scenario.duration);
    return [{ traffic: index, arrivals: arrivalsOf(traffic, rate, streams), rate }];
  });
}

function arrivalsOf(
  { name, arrivals, phases }: Extract<Scenario["traffic"][number], { kind: "open" }>,
  rate: RateProfile,
  streams: ReturnType<typeof createStreams>,
): ArrivalProcess {
  if (arrivals === "paced") return pacedArrivals(rate);
  const stream = streams(`arrivals of ${name}`);
  if (arrivals === "poisson") return poissonArrivals(rate, stream);
  return mmppArrivals(rate, phases, { arrivals: stream, phases: streams(`phases of ${name}`) });
}

/** Of clients, and of messages, which come from nobody in particular, about their keys. */
export const populationsOf = (scenario: Scenario, plan: CallPlan): readonly PopulationSpec[] => [
  ...scenario.traffic.map(({ population }) => population),
  ...plan.groups.map(({ topic }) => ({ ...ANYONE, keys: scenario.topics[topic]!.keys })),
];

/** What publishes messages, topic by topic. */
export function producersOf(
  { topics, warmUp, duration }: Scenario,
  streams: ReturnType<typeof createStreams>,
): readonly Producer[] {
  return topics.flatMap(({ name, producers }, topic) =>
    producers.map((spec, producer): Producer => {
      if (spec.kind === "batch") return { topic, producer, spec, arrivals: null };
      const rate = compileProfile(spec.rate, warmUp + duration);
      const arrivals =
        spec.arrivals === "paced"
          ? pacedArrivals(rate)
          : poissonArrivals(rate, streams(`messages of ${name}/${spec.name}`));
      return { topic, producer, spec, arrivals };
    }),
  );
}
