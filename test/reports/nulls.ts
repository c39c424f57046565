import type { Result } from "../../sim/result/result.ts";
import { sampleResult } from "./sampleResult.ts";

/** A result in which whatever may be missing is missing, as a short measured run could be. */
export function bareResult(): Result {
  const sample = sampleResult({ n: 1, policies: ["hpa-100-percent", "scheduled"] });
  const gaps = (values: readonly (number | null)[]): (number | null)[] =>
    values.map((value, bin) => (bin % 7 < 3 ? null : value));
  return {
    ...sample,
    world: "measured",
    scenario: { ...sample.scenario, objective: [], notes: [], warmUpSeconds: 0 },
    comparisons: [],
    front: [],
    claims: sample.claims.map((claim) => ({
      ...claim,
      startSeconds: null,
      policies: claim.policies.map((policy) => ({
        ...policy,
        seconds: null,
        reachedIn: 0,
        kept: false,
      })),
    })),
    policies: sample.policies.map((policy, index) => ({
      ...policy,
      replications: policy.replications.map((run) => ({
        ...run,
        ...{ digest: null, inFlight: null, latency: null, costUsd: null, worstMinute: null },
      })),
      metrics: {
        ...policy.metrics,
        ...{ p50Ms: null, p95Ms: null, p99Ms: null, meanMs: null, costUsd: null },
      },
      objective: { held: true, heldIn: 1, of: 1, checks: [] },
      timeline: {
        ...policy.timeline,
        p50Ms: gaps(policy.timeline.p50Ms),
        p95Ms: gaps(policy.timeline.p95Ms),
        p99Ms: gaps(policy.timeline.p99Ms),
        services:
          index === 0
            ? []
            : policy.timeline.services.map((service) => ({
                ...service,
                wanted: gaps(service.wanted),
                created: service.created.map(() => null),
                ready: gaps(service.ready),
                capacityRps: gaps(service.capacityRps),
              })),
      },
      decisions: policy.decisions.map((decision) => ({ ...decision, from: null, to: null })),
      delayChains: [],
      timeSpent: null,
      bottleneck: null,
      replicas: [],
      rollouts: [
        {
          ...{ workload: "checkout", revision: "v2", policy: "staged-canary" },
          ...{ outcome: "unfinished" as const, reason: "", endSeconds: null, usersHurt: null },
          stages: [{ percent: 5, startSeconds: 0, requests: 10, failures: 0 }],
        },
      ],
    })),
  };
}

/** Names and sentences of a result, each replaced by what would break out of its place. */
export const HOSTILE = `</style></svg><script>alert(1)</script>"'><img src=x onerror=1>]]>&lt;`;

export function hostileResult(): Result {
  const rename = (text: string): string => `${HOSTILE} ${text}`;
  const sample = sampleResult({ n: 5, canary: true });
  return {
    ...sample,
    peakday: HOSTILE,
    scenario: {
      ...sample.scenario,
      ...{ name: HOSTILE, title: HOSTILE, file: HOSTILE, digest: HOSTILE, arrivals: HOSTILE },
      notes: sample.scenario.notes.map((note) => ({ ...note, text: HOSTILE })),
    },
    policies: sample.policies.map((policy) => ({
      ...policy,
      name: rename(policy.name),
      about: HOSTILE,
      failures: { [HOSTILE]: 12 },
      timeline: {
        ...policy.timeline,
        failures: { [HOSTILE]: policy.timeline.arrivalsRps.map(() => 3) },
        services: policy.timeline.services.map((service) => ({
          ...service,
          service: rename(service.service),
        })),
      },
      decisions: policy.decisions.map((decision) => ({
        ...decision,
        subject: rename(decision.subject),
        ...{ controller: HOSTILE, reason: HOSTILE, message: HOSTILE },
      })),
      delayChains: policy.delayChains.map((chain) => ({
        ...chain,
        service: rename(chain.service),
        links: chain.links.map((link) => ({ ...link, link: rename(link.link), setting: HOSTILE })),
      })),
      timeSpent: policy.timeSpent === null ? null : { ...policy.timeSpent, service: HOSTILE },
      bottleneck: { resource: HOSTILE, service: HOSTILE, busyPercent: 99, startSeconds: 1 },
    })),
    comparisons: sample.comparisons.map((pair) => ({
      ...pair,
      policy: rename(pair.policy),
      against: rename(pair.against),
    })),
    front: sample.front.map(rename),
    claims: sample.claims.map((claim) => ({
      ...claim,
      text: HOSTILE,
      service: rename(claim.service),
      policies: claim.policies.map((entry) => ({ ...entry, policy: rename(entry.policy) })),
    })),
    canary:
      sample.canary === null
        ? null
        : {
            ...sample.canary,
            policy: HOSTILE,
            cells: sample.canary.cells.map((cell) => ({
              ...cell,
              variant: rename(cell.variant),
              example: { ...cell.example, reason: HOSTILE, revision: HOSTILE },
            })),
          },
    warnings: [HOSTILE],
    digest: HOSTILE,
  };
}
