import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listBeside } from "../../../sim/cli/manifestFiles.ts";
import { seconds } from "../../../sim/kernel/time.ts";
import { loadScenario } from "../../../sim/scenario/load.ts";
import {
  autoscaler,
  deployment,
  loadShop,
  loadWith,
  problemText,
  readReal,
  SHOP,
  sole,
  soundly,
  WEB,
} from "./support.ts";

const scenarioFile = join(import.meta.dirname, "../../../scenarios/x.yaml");
const loadProject = (name: string, policies?: readonly string[]) =>
  loadScenario({
    file: name,
    text: readFileSync(join(scenarioFile, "..", name), "utf8"),
    readFile: (file) => readFileSync(join(scenarioFile, "..", file), "utf8"),
    listFiles: (pattern) => listBeside(scenarioFile, pattern),
    ...(policies === undefined ? {} : { policies }),
  });

describe("a folder of manifests", () => {
  it("says of Black Friday what the scenario with the pasted manifests says", () => {
    const pasted = sole(loadProject("black-friday.yaml", ["hpa-as-documented"]));
    const read = sole(loadProject("black-friday-manifests.yaml"));
    expect(read.cluster).toEqual(pasted.cluster);
    expect(read.services).toEqual(pasted.services);
    expect(read.policy.autoscalers).toEqual(pasted.policy.autoscalers);
    expect(read.policy.name).toBe("as-deployed");
  });

  it("is the services' Deployments: by name, by reference, through a Service", () => {
    const { workloads, disruptionBudgets } = sole(loadShop()).cluster;
    expect(workloads).toMatchObject([
      {
        name: "web",
        replicas: 1,
        container: {
          name: "web",
          requests: { cpuMillicores: 250, memoryBytes: 256 * 1024 ** 2 },
          limits: { cpuMillicores: 1000 },
        },
        sidecars: [{ requests: { cpuMillicores: 50, memoryBytes: 64 * 1024 ** 2 } }],
        podRequests: { cpuMillicores: 300, memoryBytes: 320 * 1024 ** 2 },
        deployment: {
          strategy: { type: "RollingUpdate", maxSurge: 1, maxUnavailable: 0 },
          progressDeadlineSeconds: 600,
          revisionHistoryLimit: 3,
        },
        startupProbe: { period: seconds(5), timeout: seconds(1), failureThreshold: 30 },
        livenessProbe: { period: seconds(10), failureThreshold: 3 },
        terminationGracePeriod: seconds(45),
        preStop: seconds(5),
      },
      {
        name: "api",
        replicas: 4,
        container: { requests: { cpuMillicores: 500 } },
        deployment: { strategy: { type: "Recreate" }, progressDeadlineSeconds: 300 },
      },
      {
        name: "sessions",
        replicas: 3,
        statefulSet: {
          podManagementPolicy: "OrderedReady",
          updateStrategy: { type: "RollingUpdate", partition: 0, maxUnavailable: null },
          minReadySeconds: 0,
        },
      },
      { name: "pay", replicas: 5, container: { name: "checkout" } },
      { name: "search", replicas: 2 },
    ]);
    expect(disruptionBudgets).toEqual([
      { name: "web", workloads: ["web"], spec: { minAvailable: 2 } },
    ]);
  });

  it("scales what its HorizontalPodAutoscalers refer to; those of v1 are converted", () => {
    const { policy } = sole(loadShop());
    expect(policy.autoscalers).toMatchObject([
      { workload: "web", policy: "hpa", config: { spec: { minReplicas: 3, maxReplicas: 20 } } },
      {
        workload: "api",
        policy: "hpa",
        config: {
          apiVersion: "autoscaling/v2",
          spec: {
            metrics: [{ resource: { name: "cpu", target: { averageUtilization: 75 } } }],
          },
        },
      },
    ]);
    expect(JSON.stringify(policy)).not.toContain("targetCPUUtilizationPercentage");
  });

  it("scales StatefulSets and Rollouts too, in their own namespace and group only", () => {
    const scaled = (kind: string, version: string, name: string, namespace = "shop") =>
      autoscaler({ name })
        .replace(`{ name: ${name} }`, `{ name: ${name}, namespace: ${namespace} }`)
        .replace("apiVersion: apps/v1, kind: Deployment, name: web", () => {
          return `apiVersion: ${version}, kind: ${kind}, name: ${name}`;
        });
    const more = [
      scaled("StatefulSet", "apps/v1", "sessions"),
      scaled("Rollout", "argoproj.io/v1alpha1", "checkout"),
    ];
    const others = [
      scaled("StatefulSet", "apps/v1", "sessions", "default"),
      scaled("Rollout", "apps/v1", "checkout"),
      scaled("Deployment", "apps/v1", "checkout"),
    ];
    const scaledBy = (texts: readonly string[]) => {
      const readFile = (name: string) => (name === "more" ? texts.join("---\n") : readReal(name));
      const listFiles = () => ["k8s/sessions.yaml", "k8s/checkout.yaml", "more"];
      return sole(loadShop({ readFile, listFiles })).policy.autoscalers;
    };
    expect(scaledBy(more).map(({ workload }) => workload)).toEqual(["sessions", "pay"]);
    for (const other of others) expect(scaledBy([other])).toEqual([]);
  });

  it("lets a Rollout have its pods from a Deployment that it refers to", () => {
    const rollout = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: web }
spec:
  replicas: 6
  workloadRef: { apiVersion: apps/v1, kind: Deployment, name: web-pods }
  strategy: { canary: {} }
`;
    const pods = deployment({ name: "web-pods", container: "resources: { limits: { cpu: 2 } }" });
    const loaded = loadWith({ "k8s/a.yaml": rollout, "k8s/b.yaml": pods });
    expect(loaded.warnings).toEqual([]);
    expect(sole(loaded).cluster).toMatchObject({
      workloads: [{ name: "web", replicas: 6, container: { limits: { cpuMillicores: 2000 } } }],
    });
    const { problems } = loadWith({
      "k8s/a.yaml": rollout,
      "k8s/b.yaml": deployment({ name: "x" }),
    });
    expect(problems.map(problemText)).toEqual([
      'sims/k8s/a.yaml:6:63: [web-pods] no Deployment "web-pods" in the manifests | known: x',
    ]);
  });

  it("says that no deadline ends a Rollout that asks for it", () => {
    const text = readReal("k8s/checkout.yaml").replace(
      "  replicas: 5\n",
      "  replicas: 5\n  progressDeadlineAbort: true\n",
    );
    const readFile = (name: string) => (name === "k8s/checkout.yaml" ? text : readReal(name));
    const notes = sole(loadShop({ readFile })).notes.map((note) => note.text);
    expect(notes.filter((note) => note.includes("progressDeadlineAbort"))).toEqual([
      "manifests accepted and not modelled: progressDeadlineAbort of Rollout checkout; " +
        "ConfigMap web-config; Ingress shop; Service resize",
    ]);
  });

  it("is told of where it has no effect, and of what is not modelled", () => {
    const { warnings, scenarios } = loadShop();
    expect(warnings.map(problemText)).toEqual([
      'shop.yaml:13:3: [search] the service "search" has no Deployment in the manifests | ' +
        "say deployment: and its name; known: api-server, checkout, reports, sessions, web",
      'k8s/leftovers.yaml:4:19: [reports] Deployment "shop/reports" is no service of this scenario',
      'k8s/leftovers.yaml:13:19: [reports] HorizontalPodAutoscaler "shop/reports" scales ' +
        'Deployment "shop/reports", which is no service of this scenario',
      'k8s/leftovers.yaml:20:19: [sesions] HorizontalPodAutoscaler "shop/sesions" scales ' +
        'StatefulSet "sesions", which is not in the manifests | did you mean "sessions"? ' +
        "known: api-server, checkout, reports, sessions, web",
      'k8s/leftovers.yaml:27:19: [old] PodDisruptionBudget "shop/old" selects no pods ' +
        "of the manifests",
      'k8s/leftovers.yaml:35:19: [web] PodDisruptionBudget "web" selects no pods of the manifests',
    ]);
    const notes = scenarios[0]?.notes ?? [];
    expect(notes).toContainEqual({
      line: 17,
      kind: "not-modelled",
      text:
        "manifests accepted and not modelled: " +
        "ConfigMap web-config; Ingress shop; Service resize",
    });
    expect(notes.at(-1)?.kind).toBe("without-effect");
    expect(notes.at(-1)?.text).toMatch(
      /^manifests without effect: the service .*; Deployment "shop\/reports" .*leftovers\.yaml\)$/u,
    );
    expect(notes.filter(({ kind }) => kind === "assumed")).toEqual([]);
    // Results are compared byte by byte, wherever they were made.
    const elsewhere = loadShop({ file: "/some/where/shop.yaml" });
    expect(elsewhere.scenarios[0]?.notes).toEqual(notes);
  });

  it("is told of kinds that look misspelt, and not of kinds of others", () => {
    const { warnings, problems } = loadWith({
      "k8s/web.yaml": `${deployment()}---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: resize }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop }
---
apiVersion: example.com/v1
kind: Deployments
metadata: { name: odd }
`,
    });
    expect(problems).toEqual([]);
    expect(warnings.map(problemText)).toEqual([
      'sims/k8s/web.yaml:22:7: [Deployments] kind "Deployments" is not modelled | ' +
        'did you mean "Deployment"?',
    ]);
  });

  it("names ten of many things without effect", () => {
    const others = Array.from({ length: 40 }, (_, i) => deployment({ name: `other-${i}` }));
    const maps = Array.from({ length: 30 }, (_, i) => {
      return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m${i} }\n`;
    });
    const text = [deployment(), ...others, ...maps].join("---\n");
    const loaded = loadWith({ "k8s/all.yaml": text });
    expect(loaded.warnings).toHaveLength(40);
    const notes = sole(loaded).notes.map((note) => note.text);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/ConfigMap m0, m1, .*, m9, and 20 more$/u);
    expect(notes[1]).toMatch(/; and 30 more$/u);
  });

  it("gives a rollout that names no policy its Rollout and its AnalysisTemplates", () => {
    const policies = `
policies:
  release:
    rollouts:
      pay:
        revision: v2
        at: 5m
        argo-canary: { bindings: { success-rate: canary-success-rate } }
`;
    const { policy } = sole(loadShop({ text: SHOP + policies }));
    expect(policy.rollouts).toMatchObject([
      {
        workload: "pay",
        policy: "argo-canary",
        revision: "v2",
        config: {
          strategy: { canary: { steps: [{ setWeight: 20 }, {}, {}, { setWeight: 50 }, {}] } },
          analysisTemplates: [{ metadata: { name: "success-rate" } }],
          bindings: { "success-rate": "canary-success-rate" },
        },
      },
    ]);
  });

  it("says where a Rollout's query is bound to nothing", () => {
    const policies = "policies: { release: { rollouts: { pay: { revision: v2 } } } }\n";
    const [problem, ...others] = loadShop({ text: SHOP + policies }).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ file: "k8s/checkout.yaml" });
  });

  it("gives a rollout without policy the strategy of its Deployment", () => {
    const rollouts = `
policies:
  rolls: { rollouts: { web: { revision: v2 } } }
`;
    const text =
      WEB.replace("{ endpoints", "{ revisions: { v1: {}, v2: {} }, endpoints") + rollouts;
    const rolling = { "k8s/web.yaml": deployment() };
    expect(sole(loadWith(rolling, { text })).policy.rollouts).toMatchObject([
      { policy: "rolling", config: {} },
    ]);
    const recreate = { "k8s/web.yaml": deployment({ spec: "strategy: { type: Recreate }" }) };
    expect(sole(loadWith(recreate, { text })).policy.rollouts).toMatchObject([
      { policy: "recreate" },
    ]);
    const releases = "[{ revision: v2 }, { revision: v1, at: 10m }, { paused: true, at: 11m }]";
    const several = text.replace("{ revision: v2 }", releases);
    expect(sole(loadWith(rolling, { text: several })).policy).toMatchObject({
      rollouts: [
        { policy: "rolling", revision: "v2" },
        { policy: "rolling", revision: "v1" },
      ],
      pauses: [{ workload: "web", paused: true }],
    });
  });
});

const FILES = {
  "k8s/web.yaml": `${deployment({ spec: "replicas: 3" })}---\n${autoscaler()}`,
};
const maxReplicas = (loaded: ReturnType<typeof loadWith>) =>
  soundly(loaded).map(({ policy }) => [
    policy.name,
    policy.autoscalers.map(({ policy: name, config }) => [name, JSON.stringify(config)]),
  ]);

describe("a set of policies", () => {
  const withPolicies = (policies: string) => ({ text: `${WEB}policies: ${policies}\n` });

  it("has the folder's autoscaler unless it names one for the service", () => {
    const text =
      "{ deployed: {}, fixed: { autoscalers: { web: { fixed: { replicas: 4 } } } }, " +
      "own: { autoscalers: { web: { hpa: { maxReplicas: 77 } } } }, " +
      "none: { autoscalers: { web: null } } }";
    const sets = maxReplicas(loadWith(FILES, withPolicies(text)));
    expect(sets).toMatchObject([
      ["deployed", [["hpa", expect.stringContaining('"maxReplicas":10')]]],
      ["fixed", [["fixed", '{"replicas":4}']]],
      ["own", [["hpa", '{"spec":{"maxReplicas":77}}']]],
      ["none", []],
    ]);
  });

  it("may run on manifests of its own", () => {
    const files: Readonly<Record<string, string>> = {
      ...FILES,
      "next/web.yaml": FILES["k8s/web.yaml"].replace("replicas: 3", "replicas: 8"),
    };
    const text = `${WEB}policies:
  deployed: {}
  proposed: { overlay: { cluster: { manifests: next } } }
`;
    const listFiles = (pattern: string) =>
      Object.keys(files).filter((name) => name.startsWith(`${pattern}/`));
    const replicas = soundly(loadWith(files, { text, listFiles })).map(({ policy, cluster }) => [
      policy.name,
      cluster.workloads[0]?.replicas,
      policy.autoscalers.length,
    ]);
    expect(replicas).toEqual([
      ["deployed", 3, 1],
      ["proposed", 8, 1],
    ]);
  });
});

describe("a value of a manifest", () => {
  it("is changed by an overlay, key by key", () => {
    const overlay = {
      file: "more.yaml",
      text: `
services: { web: { deployment: { spec: { replicas: 6 } } } }
policies: { as-deployed: { autoscalers: { web: { hpa: { spec: { maxReplicas: 40 } } } } } }
`,
    };
    const scenario = sole(loadWith(FILES, { overlays: [overlay] }));
    expect(scenario.cluster.workloads).toMatchObject([{ replicas: 6, container: { name: "web" } }]);
    expect(scenario.policy.autoscalers).toMatchObject([
      { config: { spec: { maxReplicas: 40, scaleTargetRef: { name: "web" } } } },
    ]);
  });

  it("is changed by a setting, in lists too", () => {
    const container = "services.web.deployment.spec.template.spec.containers.0";
    const set = [
      ["services.web.deployment.spec.replicas", 7],
      [`${container}.resources.requests.cpu`, "750m"],
      ["policies.as-deployed.autoscalers.web.hpa.spec.maxReplicas", 50],
    ] as const;
    const scenario = sole(loadWith(FILES, { set }));
    expect(scenario.cluster.workloads).toMatchObject([
      { replicas: 7, container: { requests: { cpuMillicores: 750 } } },
    ]);
    expect(scenario.policy.autoscalers).toMatchObject([{ config: { spec: { maxReplicas: 50 } } }]);
  });

  it("gives way to what stands beside it in the scenario", () => {
    const text = WEB.replace("{ endpoints", "{ replicas: 9, readyWhen: running, endpoints");
    expect(sole(loadWith(FILES, { text })).cluster.workloads).toMatchObject([{ replicas: 9 }]);
  });

  it("is chosen by a setting or an overlay: another folder, another Deployment", () => {
    const other = {
      ...FILES,
      "k8s/other.yaml": deployment({ name: "other", spec: "replicas: 5" }),
    };
    const overlay = { file: "o.yaml", text: "services: { web: { deployment: other } }" };
    const overlaid = sole(loadWith(other, { overlays: [overlay] }));
    const settled = sole(loadWith(other, { set: [["services.web.deployment", "other"]] }));
    for (const scenario of [overlaid, settled]) {
      expect(scenario.cluster.workloads).toMatchObject([
        { name: "web", replicas: 5, container: { name: "other" } },
      ]);
      expect(scenario.policy.autoscalers).toEqual([]);
    }
    const bare = WEB.replace("cluster: { manifests: k8s }", "");
    const set = [["cluster.manifests", "k8s"]] as const;
    expect(sole(loadWith(FILES, { text: bare, set })).cluster.workloads[0]?.replicas).toBe(3);
  });

  it("is not taken where the scenario says null or has a Deployment itself", () => {
    const none = WEB.replace("{ endpoints", "{ deployment: null, endpoints");
    expect(sole(loadWith(FILES, { text: none })).cluster.workloads[0]?.replicas).toBe(1);
    const own = WEB.replace("{ endpoints", "{ deployment: { replicas: 2 }, endpoints");
    expect(sole(loadWith(FILES, { text: own })).cluster.workloads[0]?.replicas).toBe(2);
  });
});
