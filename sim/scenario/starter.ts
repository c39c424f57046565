import { adviseOnRate, adviseOnTime, NAME } from "./schema/leaves.ts";
import { POSITIVE_DURATION, parseRate, parseTime, RATE } from "./units.ts";

/** What a starter scenario is made of, each in the words of a scenario. */
export interface StarterAnswers {
  readonly service: string;
  /** Ordinary rate and rate of the peak, as 100/s. */
  readonly rate: string;
  readonly peak: string;
  /** CPU time of a request. */
  readonly work: string;
  /** Objective of the 95th percentile. */
  readonly p95: string;
}

export const STARTER_DEFAULTS: StarterAnswers = {
  service: "shop",
  rate: "100/s",
  peak: "500/s",
  work: "20ms",
  p95: "300ms",
};

/** What is wrong with an answer, with advice on its own line; null when nothing is. */
export function answerProblem(key: keyof StarterAnswers, answer: string): string | null {
  const [pattern, phrase, advise] = FORMS[key];
  if (pattern.test(answer)) return null;
  const advice = advise?.(answer) ?? null;
  return advice === null ? phrase : `${phrase}\n${advice}`;
}

type Form = readonly [RegExp, string, ((written: string) => string | null)?];
const rate: Form = [RATE, "a rate like 100/s or 5000/min", adviseOnRate];
const time: Form = [POSITIVE_DURATION, "a duration above 0, like 20ms or 1.5s", adviseOnTime];
const FORMS: Readonly<Record<keyof StarterAnswers, Form>> = {
  service: [NAME, "a name of lower-case letters, digits and hyphens"],
  rate,
  peak: rate,
  work: time,
  p95: time,
};

/** CPU that a pod asks for and may use, in cores; the load that it is meant to run at. */
const REQUEST_CORES = 0.5;
const LIMIT_CORES = 1;
const TARGET_PERCENT = 70;

/** Pods whose requested CPU is used to the target at this rate. */
const podsFor = (rate: string, work: string): number =>
  Math.max(
    1,
    Math.ceil((parseRate(rate) * parseTime(work)) / 1e6 / (REQUEST_CORES * (TARGET_PERCENT / 100))),
  );

/**
 * The text of a scenario to begin with: one service under a spike, with an HPA as it comes and as
 * many pods as the peak needs to compare it with. Answers have no problem.
 */
export function starterText({ service, rate, peak, work, p95 }: StarterAnswers): string {
  const usual = podsFor(rate, work);
  const most = Math.max(usual, podsFor(peak, work));
  return `# Everybody comes at once: which policy holds the objective, and at what cost?
#   peakday compare ${service}.yaml
#   peakday headroom ${service}.yaml
peakday: 1
name: ${service}
duration: 20m
warmUp: 5m
objective: { p95: ${p95}, failed: 1% }

services:
  ${service}:
    replicas: ${usual} # enough for ${rate} at ${TARGET_PERCENT} % of the CPU that they ask for
    resources: { requests: { cpu: ${REQUEST_CORES * 1000}m }, limits: { cpu: ${LIMIT_CORES} } }
    startup: 5s # assumed: from container start until it listens
    readinessProbe: { httpGet: { path: /ready, port: 8080 }, periodSeconds: 5 }
    endpoints:
      GET /:
        - work: { lognormal: { mean: ${work}, cv: 1 } } # assumed: how much it varies
        # Calls to others, caches and databases go here: peakday schema, or scenarios/ of peakday.

traffic:
  users:
    rate:
      stages: # as k6 has them: straight lines to each target
        - { duration: 10m, target: ${rate} }
        - { duration: 30s, target: ${peak} } # assumed: how fast it rises
        - { duration: 9m30s, target: ${peak} }
        - { duration: 5m, target: ${rate} }
      startRate: ${rate}
    call: ${service}
    timeout: 2s # assumed: nobody waits longer

policies:
  hpa:
    about: Kubernetes' defaults at ${TARGET_PERCENT} % of the requested CPU
    autoscalers:
      ${service}:
        hpa:
          minReplicas: ${usual}
          maxReplicas: ${2 * most}
          metrics:
            - type: Resource
              resource:
                name: cpu
                target: { type: Utilization, averageUtilization: ${TARGET_PERCENT} }

  enough-pods:
    about: as many as the peak needs, all the time
    autoscalers:
      ${service}: { fixed: { replicas: ${most} } }
`;
}
