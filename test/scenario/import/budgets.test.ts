import { describe, expect, it } from "vitest";
import { deployment, loadWith, problemText, sole, WEB } from "./support.ts";

const labelled = (name: string): string =>
  deployment({ name }).replace(
    `labels: { app: ${name} } }`,
    `labels: { app: ${name}, tier: back } }`,
  );

const BUDGET = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: back }
spec: { maxUnavailable: 1, selector: { matchLabels: { tier: back } } }
`;

const files = {
  "k8s/web.yaml": labelled("web"),
  "k8s/api.yaml": labelled("api"),
  "k8s/job.yaml": labelled("job"),
  "k8s/budget.yaml": BUDGET,
};

const service = (name: string, more = ""): string =>
  `  ${name}: { ${more}endpoints: { GET /: [{ work: 8ms }] } }\n`;

const withServices = (...services: readonly string[]): string =>
  WEB.replace(service("web"), services.join(""));

const budgetsOf = (text: string, patch?: string) =>
  sole(
    loadWith(files, {
      text,
      overlays: patch === undefined ? [] : [{ file: "overlay.yaml", text: patch }],
    }),
  ).cluster.disruptionBudgets;

const ALL = withServices(service("web"), service("api"), service("job"));

describe("a PodDisruptionBudget that selects the pods of several workloads", () => {
  it("is one budget of all of them", () => {
    expect(budgetsOf(ALL)).toEqual([
      { name: "back", workloads: ["web", "api", "job"], spec: { maxUnavailable: 1 } },
    ]);
  });

  it("leaves out services of which the scenario says what their budget is", () => {
    const own = service("api", "podDisruptionBudget: { minAvailable: 1 }, ");
    const none = service("api", "podDisruptionBudget: null, ");
    const shared = { name: "back", workloads: ["web", "job"], spec: { maxUnavailable: 1 } };
    expect(budgetsOf(withServices(service("web"), own, service("job")))).toEqual([
      { name: "api", workloads: ["api"], spec: { minAvailable: 1 } },
      shared,
    ]);
    expect(budgetsOf(withServices(service("web"), none, service("job")))).toEqual([shared]);
    expect(budgetsOf(ALL, "services: { api: { podDisruptionBudget: null } }")).toEqual([shared]);
  });

  it("can be changed by what is laid over the manifests", () => {
    const patch = "cluster: { podDisruptionBudgets: { back: { spec: { maxUnavailable: 2 } } } }";
    expect(budgetsOf(ALL, patch)).toMatchObject([{ spec: { maxUnavailable: 2 } }]);
    const beside = "cluster: { podDisruptionBudgets: { back: { maxUnavailable: 2 } } }";
    const overlays = [{ file: "overlay.yaml", text: beside }];
    expect(loadWith(files, { text: ALL, overlays }).problems.map(problemText)).toEqual([
      'overlay.yaml:1:44: [maxUnavailable] "maxUnavailable" belongs into spec',
    ]);
  });

  it("is told of when it counts pods that the scenario does not have", () => {
    const { warnings } = loadWith(files, { text: withServices(service("web"), service("api")) });
    expect(warnings.map(problemText)).toEqual([
      'sims/k8s/job.yaml:3:19: [job] Deployment "job" is no service of this scenario',
      'sims/k8s/budget.yaml:3:19: [back] PodDisruptionBudget "back" also selects the pods of ' +
        'Deployment "job", which are not in this scenario',
    ]);
  });
});
