import { describe, expect, it } from "vitest";
import { micros, seconds } from "../../sim/kernel/time.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { evenly, modelOf, type ScenarioText, scenarioOf } from "../support/scenarios.ts";

const resources = (cpu: string, limit: string) => ({ requests: { cpu }, limits: { cpu: limit } });
const proxy = {
  name: "istio-proxy",
  resources: resources("100m", "200m"),
  readinessProbe: { httpGet: { path: "/healthz/ready", port: 15021 } },
};
const app = {
  name: "app",
  resources: resources("1", "2"),
  livenessProbe: { periodSeconds: 7 },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
};

/** A proxy that was put before the process that serves. */
const deployment = (
  annotations: ScenarioText = {},
  containers: readonly unknown[] = [proxy, app],
) => ({
  template: { metadata: { annotations }, spec: { containers } },
});
const written = (shop: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "100s",
  services: { shop: { endpoints: { get: [{ work: "10ms" }] }, ...shop } },
  // Half of a core.
  traffic: { t: { ...evenly(5000, 20), call: "shop" } },
  ...more,
});

describe("the container that serves", () => {
  const annotation = { "kubectl.kubernetes.io/default-container": "app" };

  it.each<{ why: string; shop: ScenarioText; name: string; sidecars: readonly string[] }>([
    {
      why: "the first one",
      shop: { deployment: deployment() },
      name: "istio-proxy",
      sidecars: ["app"],
    },
    {
      why: "the one that the scenario names",
      shop: { deployment: deployment(), container: "app" },
      name: "app",
      sidecars: ["istio-proxy"],
    },
    {
      why: "that of kubectl's annotation",
      shop: { deployment: deployment(annotation) },
      name: "app",
      sidecars: ["istio-proxy"],
    },
    {
      why: "the one of the scenario where both say one",
      shop: { deployment: deployment(annotation), container: "istio-proxy" },
      name: "istio-proxy",
      sidecars: ["app"],
    },
    { why: "the only one, under a name", shop: { container: "main" }, name: "main", sidecars: [] },
    { why: "the only one, under its service's", shop: {}, name: "shop", sidecars: [] },
  ])("is $why", ({ shop, name, sidecars }) => {
    const workload = scenarioOf(written(shop)).cluster.workloads[0]!;
    expect(workload.container.name).toBe(name);
    expect(workload.sidecars.map((sidecar) => sidecar.name)).toEqual(sidecars);
  });

  it("gives the limits, the probes and the hooks; all together give the pod's requests", () => {
    const shop = { deployment: deployment(), container: "app" };
    expect(scenarioOf(written(shop)).cluster.workloads[0]).toMatchObject({
      container: { limits: { cpuMillicores: 2000 }, requests: { cpuMillicores: 1000 } },
      sidecars: [{ limits: { cpuMillicores: 200 }, requests: { cpuMillicores: 100 } }],
      podRequests: { cpuMillicores: 1100 },
      readinessProbe: null,
      livenessProbe: { period: seconds(7) },
      preStop: seconds(5),
    });
  });

  const load = (shop: ScenarioText) =>
    loadScenario({
      file: "shop.yaml",
      text: JSON.stringify({
        peakday: 1,
        name: "shop",
        objective: { p95: "1s" },
        ...written(shop),
      }),
      readFile: () => null,
    });

  it("is told of with what of the others is not modelled", () => {
    const { warnings, scenarios } = load({ deployment: deployment() });
    const text =
      'not modelled: livenessProbe and lifecycle of container "app" of "shop"; ' +
      'the container that serves is "istio-proxy"';
    expect(warnings.map(({ message }) => message)).toEqual([text]);
    expect(scenarios[0]!.notes).toMatchObject([{ kind: "not-modelled", text }]);
    expect(load({ deployment: deployment({}, [app]) }).warnings).toEqual([]);
  });

  it("is one that there is", () => {
    const { problems } = load({ deployment: deployment(), container: "ap" });
    expect(problems).toMatchObject([
      { message: 'no container "ap"', hint: "known: app, istio-proxy" },
    ]);
  });

  it("is no sidecar, and a sidecar holds its memory limit", () => {
    const small = { ...proxy, resources: { limits: { memory: "64Mi" } } };
    const sidecars = [
      { name: "app", cpu: "1m" },
      { name: "istio-proxy", memory: "65Mi" },
    ];
    const { problems } = load({
      deployment: deployment({}, [small, app]),
      container: "app",
      sidecars,
    });
    expect(problems.map(({ message }) => message)).toEqual([
      '"app" is the container that serves',
      '"istio-proxy" would use more memory than its limit (64Mi)',
    ]);
  });
});

describe("an HPA of a pod with a sidecar", () => {
  const target = { type: "Utilization", averageUtilization: 50 };
  const ofPod = { type: "Resource", resource: { name: "cpu", target } };
  const ofContainer = (container: string) => ({
    type: "ContainerResource",
    containerResource: { name: "cpu", container, target },
  });
  const sidecars = [{ name: "istio-proxy", cpu: "500m" }];

  /** What it reads after a minute. */
  const reads = (metric: ScenarioText, containers: readonly unknown[] = [proxy, app]): string => {
    const hpa = { minReplicas: 1, maxReplicas: 1, metrics: [metric] };
    const shop = { deployment: deployment({}, containers), container: "app", sidecars };
    const policies = { set: { autoscalers: { shop: { hpa } } } };
    const model = modelOf(written(shop, { policies }));
    model.run(micros(61e6));
    const last = model.autoscalers[0]!.ticks.at(-1)!;
    return last.trace.metric ?? last.reason;
  };

  it("sees the sum of requests and uses, or one container's own", () => {
    // Half of a core, and of the proxy what its limit lets it use: 700 of 1100.
    expect(reads(ofPod)).toBe("cpu 63 % of 50 %");
    expect(reads(ofContainer("app"))).toBe("cpu of app 50 % of 50 %");
    expect(reads(ofContainer("istio-proxy"))).toBe("cpu of istio-proxy 200 % of 50 %");
  });

  it("sees none where a container requests none, unless it looks at another", () => {
    const bare = { name: "istio-proxy" };
    expect(reads(ofPod, [bare, app])).toBe("FailedGetResourceMetric");
    expect(reads(ofContainer("app"), [bare, app])).toBe("cpu of app 50 % of 50 %");
  });
});
