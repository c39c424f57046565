import { describe, expect, it } from "vitest";
import { halvedLinks } from "../../sim/experiment/halved.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { DelayChain } from "../../sim/result/result.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { type ScenarioText, scenarioOf } from "../support/scenarios.ts";

/** At 61 s the load triples at once: two pods at half of their cores, then three cores' worth. */
const scenario = (metrics: ScenarioText, metric: ScenarioText): Scenario =>
  scenarioOf({
    duration: "200s",
    services: {
      shop: {
        replicas: 2,
        resources: { requests: { cpu: 1, memory: "64Mi" }, limits: { cpu: 1 } },
        endpoints: { get: [{ work: "20ms" }] },
        startup: "4s",
        image: { pull: "6s" },
      },
    },
    cluster: { scheduling: "250ms", endpointLag: "1500ms", metrics },
    traffic: {
      users: {
        arrivals: "paced",
        rate: {
          steps: [
            { at: "0s", rate: "50/s" },
            { at: "61s", rate: "150/s" },
          ],
        },
        call: "shop",
        timeout: "2s",
      },
    },
    policies: {
      hpa: {
        autoscalers: {
          shop: {
            hpa: {
              minReplicas: 2,
              maxReplicas: 9,
              metrics: [metric],
              behavior: { scaleUp: { policies: [{ type: "Pods", value: 9, periodSeconds: 15 }] } },
            },
          },
        },
      },
    },
  });

function chainOf(of: Scenario): DelayChain {
  const outputs = [
    [runReplication({ scenario: of, replication: 0, detail: true, from: null }, builtInPolicies)],
  ];
  const identity = { version: "0", file: "test.yaml", scenarioDigest: "0", level: 0.95 };
  const result = summarise({ identity, scenarios: [of], outputs, against: "hpa" });
  return result.policies[0]!.delayChains[0]!;
}

/** Its links that took any time, in seconds. */
const linksOf = ({ links }: DelayChain): Readonly<Record<string, number>> =>
  Object.fromEntries(
    links.filter(({ seconds }) => seconds > 0).map(({ link, seconds }) => [link, seconds]),
  );
const settingOf = ({ links }: DelayChain, name: string): string | undefined =>
  links.find(({ link }) => link === name)?.setting;

const BRINGING_UP = { schedule: 0.25, "image pull": 6, start: 4, endpoint: 1.5 };

describe("the delay chain of an HPA on requests per second", () => {
  const rateOf = (averageValue: string): ScenarioText => ({
    type: "Pods",
    pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue } },
  });
  const metrics = (window: string): ScenarioText => ({
    // Of the way of resource metrics, which nobody reads here.
    scrapeInterval: "7s",
    lag: "5s",
    prometheus: { scrapeInterval: "10s", lag: "1s", adapterCache: "4s" },
    custom: { rps: { kind: "pods", of: "requests-rate", window } },
  });

  it("goes over Prometheus and its adapter", () => {
    // Scraped at 70 s, seen from 71 s on, asked for at 72 s, for the sync of 75 s. In the window
    // from 42 s on, each pod has 950 requests in 20 s: 47.5 of 33 a second.
    const chain = chainOf(scenario(metrics("30s"), rateOf("33")));
    expect(linksOf(chain)).toEqual({
      scrape: 9,
      "metrics lag": 1,
      "adapter cache": 1,
      sync: 3,
      ...BRINGING_UP,
    });
    expect(settingOf(chain, "scrape")).toBe("prometheus scrapeInterval 10 s");
    expect(settingOf(chain, "averaging window")).toBe("rate window 30 s");
    expect(settingOf(chain, "adapter cache")).toBe("adapterCache 4 s");
  });

  it("shows how long a wide window hides the load", () => {
    // At 75 s the window of a minute has 1700 requests in 50 s: 34 of 38 a second. At 90 s, asked
    // for at 88 s, it shows what was scraped at 80 s: 2200 in 50 s, 44 of 38.
    const chain = chainOf(scenario(metrics("1m"), rateOf("38")));
    expect(linksOf(chain)).toEqual({
      scrape: 9,
      "averaging window": 10,
      "metrics lag": 1,
      "adapter cache": 7,
      sync: 2,
      ...BRINGING_UP,
    });
  });

  it("is halved link by link in its own settings", () => {
    const of = scenario(metrics("1m"), rateOf("38"));
    const runs = halvedLinks(of, [chainOf(of)]);
    const metricsOf = (link: string) =>
      runs.find((run) => run.link === link)!.scenario.cluster.metrics;
    const { prometheus } = of.cluster.metrics;
    expect(metricsOf("scrape").prometheus).toEqual({ ...prometheus, scrapeInterval: 5_000_000 });
    expect(metricsOf("metrics lag").prometheus).toEqual({ ...prometheus, lag: 500_000 });
    expect(metricsOf("adapter cache").prometheus).toEqual({
      ...prometheus,
      adapterCache: 2_000_000,
    });
    expect(metricsOf("averaging window").custom[0]!.window).toBe(30_000_000);
    // With half the window, the sync of 75 s sees 47.5 of 38: 15 seconds sooner.
    const narrow = runs.find(({ link }) => link === "averaging window")!;
    expect(chainOf(of).wholeSeconds.mean - chainOf(narrow.scenario).wholeSeconds.mean).toBe(15);
  });
});

describe("the delay chain of an HPA on CPU", () => {
  const cpu = {
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
  };

  it("waits for the kubelet's housekeeping before the scrape", () => {
    // Read at 64 and 68 s; the scrape of 70 s has the latter, with 8 s since the reading before:
    // 94 % of 70 %, out at 73 s, for the sync of 75 s.
    const chain = chainOf(scenario({ scrapeInterval: "10s", housekeeping: "4s", lag: "3s" }, cpu));
    expect(linksOf(chain)).toEqual({
      housekeeping: 3,
      scrape: 6,
      "metrics lag": 3,
      sync: 2,
      ...BRINGING_UP,
    });
    expect(settingOf(chain, "housekeeping")).toBe("housekeeping 4 s");
  });

  it("has no link of what the cluster does not have", () => {
    const { links } = chainOf(scenario({}, cpu));
    const names = links.map(({ link }) => link);
    expect(names).not.toContain("housekeeping");
    expect(names).not.toContain("adapter cache");
  });
});
