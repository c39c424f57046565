import { describe, expect, it } from "vitest";
import { halvedLinks } from "../../sim/experiment/halved.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { Result } from "../../sim/result/result.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

function resultOf(written: ScenarioText): Result {
  const scenarios = scenariosOf(written);
  const outputs = scenarios.map((scenario) => [
    runReplication({ scenario, replication: 0, detail: true, from: null }, builtInPolicies),
  ]);
  const identity = { version: "0", file: "test.yaml", scenarioDigest: "0", level: 0.95 };
  return summarise({ identity, scenarios, outputs, against: scenarios[0]!.policy.name });
}

/** What differs from the base case. */
interface Change {
  readonly rate?: string;
  readonly scaleUp?: ScenarioText;
  readonly nodes?: number;
  readonly maxReplicas?: number;
  readonly shop?: ScenarioText;
  readonly cluster?: ScenarioText;
}

const pod = { requests: { cpu: 1, memory: "64Mi" }, limits: { cpu: 1 } };
const nine = { policies: [{ type: "Pods", value: 9, periodSeconds: 15 }] };
const target = { type: "Utilization", averageUtilization: 70 };

/** At 61 s the load triples at once: 2 pods at half of their cores, then 3 cores' worth of work. */
const written = ({
  rate = "150/s",
  scaleUp = nine,
  nodes = 9,
  maxReplicas = 9,
  shop = {},
  cluster = {},
}: Change = {}): ScenarioText => ({
  duration: "300s",
  services: {
    shop: {
      replicas: 2,
      resources: pod,
      endpoints: { get: [{ work: "20ms" }] },
      startup: "4s",
      image: { pull: "6s" },
      readinessProbe: { initialDelaySeconds: 0, periodSeconds: 5 },
      probeThread: "own",
      probeWork: "0us",
      ...shop,
    },
    batch: { resources: pod, endpoints: { get: [] }, terminationGracePeriodSeconds: 5 },
  },
  cluster: {
    nodes: [{ count: nodes, cpu: 1, memory: "8Gi" }],
    scheduling: "250ms",
    endpointLag: "1500ms",
    metrics: { scrapeInterval: "10s", window: "10s", lag: "3s" },
    ...cluster,
  },
  traffic: {
    users: {
      arrivals: "paced",
      rate: {
        steps: [
          { at: "0s", rate: "50/s" },
          { at: "61s", rate },
        ],
      },
      call: "shop",
      timeout: "2s",
    },
  },
  claims: [{ text: "2 → 4 in a minute", service: "shop", from: 2, to: 4, within: "60s" }],
  faults: [{ at: "100s", service: "batch", kill: true }],
  policies: {
    hpa: {
      autoscalers: {
        shop: {
          hpa: {
            minReplicas: 2,
            maxReplicas,
            metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
            behavior: { scaleUp },
          },
        },
      },
    },
    none: {},
  },
});

/** Links of the chain that took any time, in seconds. */
function linksOf(result: Result): Readonly<Record<string, number>> {
  const { links } = result.policies[0]!.delayChains[0]!;
  return Object.fromEntries(
    links.filter(({ seconds }) => seconds > 0).map(({ link, seconds }) => [link, seconds]),
  );
}

describe("the delay chain", () => {
  const result = resultOf(written());

  it("adds up to the whole, from the crossing to the last pod's endpoint", () => {
    for (const chain of result.policies[0]!.delayChains) {
      const sum = chain.links.reduce((total, { seconds }) => total + seconds, 0);
      expect(sum).toBeCloseTo(chain.wholeSeconds.mean, 9);
      expect(chain.startSeconds).toBe(61);
    }
    expect(result.policies[0]!.delayChains).toHaveLength(1);
    expect(result.policies[1]!.delayChains).toEqual([]);
  });

  it("shows each setting in its link", () => {
    // Crossed at 61. Scraped at 70: 9 of its 10 s are under load, all that two pods can show. Out
    // at 73, synced at 75. There a pod is bound after 250 ms, has pulled its image at 81.25,
    // listens at 85.25, is probed at 86.25, and is known at 87.75.
    expect(linksOf(result)).toEqual({
      scrape: 9,
      "metrics lag": 3,
      sync: 2,
      schedule: 0.25,
      "image pull": 6,
      start: 4,
      "readiness probe": 1,
      endpoint: 1.5,
    });
  });

  it("shows a stabilization window, which ends with a sync", () => {
    // The last low recommendation is of 60 s: it is older than 40 s at the sync of 105.
    const scaleUp = { ...nine, stabilizationWindowSeconds: 40 };
    expect(linksOf(resultOf(written({ scaleUp })))["stabilization"]).toBe(30);
  });

  it("shows that two full pods can ask for three only, and what one pod at a time costs", () => {
    // 3.4 cores need four pods. With three, metrics ask for five: the third is known at 87.75 and
    // has its first sample at 103, for the sync of 105. Its pod may come at once, or at 135.
    const slow = { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] };
    const ceiling = linksOf(resultOf(written({ rate: "170/s" })));
    const limited = linksOf(resultOf(written({ rate: "170/s", scaleUp: slow })));
    expect([ceiling["metric ceiling"], ceiling["policy limit"]]).toEqual([30, undefined]);
    expect([limited["metric ceiling"], limited["policy limit"]]).toEqual([30, 30]);
  });

  it("shows how long a pod waited for a node with room", () => {
    // Three nodes of which a batch job has one, until it dies; its replacement comes later.
    const chain = linksOf(resultOf(written({ nodes: 3 })));
    expect(chain["schedule"]).toBe(0.25);
    expect(chain["node"]).toBe(100 - 75.25);
    expect(chain["image pull"]).toBe(6);
  });

  const slow: Change = {
    shop: {
      initContainers: "60s",
      startupProbe: { periodSeconds: 20 },
      readinessProbe: undefined,
    },
    cluster: { callerLag: "30s" },
  };

  it("shows init containers, a startup probe and how long callers take to hear of a pod", () => {
    // Pulled at 81.25, initialized at 141.25, when the first probe finds nobody. It listens at
    // 145.25, is probed at 161.25, is an endpoint at 162.75, and callers know at 192.75.
    expect(linksOf(resultOf(written(slow)))).toEqual({
      scrape: 9,
      "metrics lag": 3,
      sync: 2,
      schedule: 0.25,
      "image pull": 6,
      "init containers": 60,
      start: 4,
      "startup probe": 16,
      endpoint: 1.5,
      callers: 30,
    });
    const { links } = resultOf(written(slow)).policies[0]!.delayChains[0]!;
    const settings = Object.fromEntries(links.map(({ link, setting }) => [link, setting]));
    expect(settings).toMatchObject({
      "init containers": "initContainers 60 s",
      "startup probe": "initialDelaySeconds 0, periodSeconds 20",
      callers: "callerLag 30 s",
    });
  });

  it("halves each link by its own parameter, and none that has no effect", () => {
    const scenario = scenariosOf(written(slow))[0]!;
    const { delayChains } = resultOf(written(slow)).policies[0]!;
    const wholes = halvedLinks(scenario, delayChains).map(({ link, scenario: changed }) => {
      const task = { scenario: changed, replication: 0, detail: false, from: null };
      const links = runReplication(task, builtInPolicies).chains[0]!.links;
      return [link, links.reduce((sum, { micros }) => sum + micros, 0) / 1e6] as const;
    });
    const whole = delayChains[0]!.wholeSeconds.mean;
    const gains = Object.fromEntries(wholes.map(([link, seconds]) => [link, whole - seconds]));
    // The start of 4 s ends at the same probe; probed every 10 s, it is known 10 s sooner.
    expect(gains).toMatchObject({
      "init containers": 30,
      start: 0,
      "startup probe": 10,
      endpoint: 0.75,
      callers: 15,
    });
    // A window of a scrape interval is that between two readings, as any shorter one would be.
    expect(gains).not.toHaveProperty("averaging window");
    expect(gains).not.toHaveProperty("readiness probe");
    expect(gains).not.toHaveProperty("node");
  });

  it("shows a pod that an ordered start keeps waiting", () => {
    // 4.6 cores need five pods: a third is asked for at 75 s, and two more at 105 s.
    const ordered = { statefulSet: { podManagementPolicy: "OrderedReady" } };
    const links = linksOf(resultOf(written({ rate: "230/s", shop: ordered })));
    // The fourth runs from 111.25 s, and is ready at its second probe: 116.25 s.
    expect(links["creation"]).toBe(11.25);
  });

  it("does not tell of an autoscaler that did not ask for more", () => {
    // One of two pods dies while both are needed; its replacement ends the shortage.
    const killed = { ...written({ rate: "75/s", maxReplicas: 2 }) };
    const faults = [{ at: "100s", service: "shop", replicas: 1, kill: true }];
    expect(resultOf({ ...killed, faults }).policies[0]!.delayChains).toEqual([]);
  });
});

describe("a claim", () => {
  it("counts from the moment the demand outgrows the first fleet", () => {
    const [claim] = resultOf(written()).claims;
    expect(claim!.startSeconds).toBe(61);
    const [hpa, none] = claim!.policies;
    // A third pod is known at 87.75 s. With it metrics ask for five: the first sample of it is out
    // at 103, the sync of 105 creates two, and they are known at 117.75: seconds are whole.
    expect(hpa).toMatchObject({ policy: "hpa", reachedIn: 1, kept: true });
    expect(hpa!.seconds!.mean).toBe(118 - 61);
    expect(none).toEqual({ policy: "none", seconds: null, reachedIn: 0, kept: false });
  });
});
