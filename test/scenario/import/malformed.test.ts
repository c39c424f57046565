import { describe, expect, it } from "vitest";
import { autoscaler, deployment, loadWith, problemText, WEB } from "./support.ts";

const FILE = "k8s/web.yaml";
const problemsOf = (text: string, scenario = WEB): readonly string[] =>
  loadWith({ [FILE]: text }, { text: scenario }).problems.map(problemText);

const documents = (...all: readonly string[]): string => all.join("---\n");
const budget = (name: string) => `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: ${name} }
spec: { maxUnavailable: 1, selector: {} }
`;

const CASES: readonly {
  readonly why: string;
  readonly text: string;
  readonly scenario?: string;
}[] = [
  {
    why: "unknown fields, as strict validation names them",
    text: deployment({
      spec: "replica: 3\nminReadySecond: 5",
      container: "livenesProbe: { httpGet: { path: / } }\nresources: { request: { cpu: 1 } }",
    }),
  },
  {
    why: "values of the wrong kind",
    text: deployment({
      spec: "replicas: three\nstrategy: { rollingUpdate: { maxSurge: some } }",
      container: "resources: { requests: { cpu: 0.5 cores, memory: 512MB } }",
    }),
  },
  {
    why: "fields that the API server requires",
    text: deployment()
      .replace(/spec:.*$/su, "spec: { replicas: 1 }\n")
      .replace("name: web", "labels: {}"),
  },
  { why: "a version that is gone", text: deployment().replace("apps/v1", "extensions/v1beta1") },
  {
    why: "kinds and groups that no API server knows, near those that it does",
    text: documents(
      deployment(),
      autoscaler().replace("kind: HorizontalPodAutoscaler", "kind: HorizontalPodAutoscalr"),
      autoscaler().replace("autoscaling/v2", "autoscalling/v2"),
      budget("a").replace("policy/v1", "apps/v1"),
      "apiVersion: v1\nkind: servce\nmetadata: { name: web }\nspec: { selector: { app: web } }\n",
    ),
  },
  {
    why: "a label that is no text",
    text: deployment().replaceAll("{ app: web }", "{ app: web, version: 1.24 }"),
  },
  {
    why: "a selector that misses its own pods",
    text: deployment().replace("labels: { app: web }", "labels: { app: wed }"),
  },
  {
    why: "what Kubernetes refuses of resources and strategies",
    text: deployment({
      spec: "strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }",
      container: "resources: { requests: { cpu: 2 }, limits: { cpu: 1 } }",
    }),
  },
  {
    why: "what the API server does not admit of an autoscaler",
    text: `${deployment()}---\n${autoscaler({
      max: 3,
      rest: [
        "minReplicas: 5",
        "metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization } } }]",
        "behaviour: { scaleUp: {} }",
        "behavior: { scaleDown: { stabilizationWindowSeconds: 7200 } }",
      ].join("\n"),
    })}`,
  },
  {
    why: "an autoscaler of nothing, and one of a version that is gone",
    text: documents(
      deployment(),
      autoscaler().replace(/ {2}scaleTargetRef.*\n/u, ""),
      autoscaler({ name: "old" }).replace("autoscaling/v2", "autoscaling/v2beta2"),
    ),
  },
  {
    why: "an autoscaler of version 1",
    text: documents(
      deployment(),
      autoscaler({ rest: "metrics: []" }).replace("scaling/v2", "scaling/v1"),
    ),
  },
  {
    why: "two of what there may be one",
    text: documents(
      deployment(),
      autoscaler(),
      autoscaler({ name: "more" }),
      budget("a"),
      budget("b"),
      deployment(),
    ),
  },
  {
    why: "a budget with both",
    text: documents(deployment(), budget("web").replace("1,", "1, minAvailable: 50%,")),
  },
  { why: "no resource", text: "replicaCount: 3\n---\n- a list\n---\nkind: Deployment\n" },
  {
    why: "a template",
    text: "metadata:\n  name: {{ .Release.Name }}\n{{- if .Values.hpa }}\nspec: {}\n{{- end }}\n",
  },
  { why: "no YAML", text: `${deployment()}---\nspec: [1, 2\n` },
  { why: "a key twice", text: deployment({ spec: "replicas: 3\nreplicas: 4" }) },
  {
    why: "a Deployment that is not there",
    text: deployment({ name: "web-server" }),
    scenario: WEB.replace("{ endpoints", "{ deployment: web-sever, endpoints"),
  },
  {
    why: "one Deployment for two services",
    text: deployment(),
    scenario: WEB.replace(
      "services:",
      "services:\n  shop: { deployment: web, endpoints: { GET /: [] } }",
    ),
  },
  {
    why: "one name in two namespaces",
    text: `${deployment()}---\n${deployment().replace("name: web }", "name: web, namespace: b }")}`,
  },
  {
    why: "no manifests for a name",
    text: "",
    scenario: WEB.replace("{ endpoints", "{ deployment: web, endpoints").replace(
      "cluster: { manifests: k8s }",
      "",
    ),
  },
  {
    why: "a pattern that is none",
    text: deployment(),
    scenario: WEB.replace("manifests: k8s", "manifests: { folder: k8s }"),
  },
];

describe("a malformed manifest", () => {
  it("has all its problems told, at their places in its own file", async () => {
    const text = CASES.map(({ why, text: manifest, scenario }) => {
      const problems = problemsOf(manifest, scenario);
      expect(problems, why).not.toEqual([]);
      const lines = problems.map((line) => `  ${line.replaceAll(" | ", "\n      ")}\n`);
      return `${why}\n${lines.join("")}`;
    });
    await expect(text.join("\n")).toMatchFileSnapshot("malformed.problems.txt");
  });

  it("is told once, however many sets of policies there are", () => {
    const sets = `${WEB}policies: { a: {}, b: {}, c: {} }\n`;
    const text = documents(
      deployment({ spec: "replicas: three" }),
      autoscaler({ rest: "minReplicas: 50" }),
    );
    expect(problemsOf(text, sets)).toEqual(problemsOf(text));
    expect(problemsOf(text)).toHaveLength(2);
  });

  it("is told when there is none, or none that can be read", () => {
    const none = loadWith({}, { listFiles: () => [] });
    expect(none.problems.map(problemText)).toEqual([
      'sims/web.yaml:9:23: [k8s] no file matches "k8s" | ' +
        "patterns count from the scenario's folder",
    ]);
    const unreadable = loadWith({}, { listFiles: () => ["k8s/gone.yaml"] });
    expect(unreadable.problems.map(({ message }) => message)).toEqual(['no file "k8s/gone.yaml"']);
  });

  it("hides no problem of the scenario", () => {
    const scenario = WEB.replace("call: web", "call: wep");
    const problems = problemsOf(deployment({ spec: "replicas: -1" }), scenario);
    expect(problems).toEqual([
      'sims/web.yaml:8:43: [wep] no service "wep" | did you mean "web"? known: web',
      "sims/k8s/web.yaml:12:13: [-1] spec.replicas is a whole number from 0 to 100000, found -1",
    ]);
  });
});
