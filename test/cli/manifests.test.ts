import { describe, expect, it } from "vitest";
import { Workplace } from "./support.ts";

const SCENARIO = `
peakday: 1
name: shop
duration: 1m
warmUp: 10s
objective: { p95: 1s }
services:
  web: { endpoints: { GET /: [{ work: 1ms }] } }
traffic: { shoppers: { rate: 5/s, call: web } }
cluster: { manifests: k8s }
`;

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web }] }
`;

const BUDGET = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: old }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: old } } }
`;

const place = new Workplace({
  "sims/shop.yaml": SCENARIO,
  "sims/k8s/web.yaml": DEPLOYMENT,
  "sims/k8s/old.yml": BUDGET,
});
const RUN = "run sims/shop.yaml --runs 1 --workers 0";

function resultOf(flags: string): { readonly scenario: { readonly digest: string } } {
  const { status, stdout } = place.peakday(`${RUN} --json --quiet ${flags}`);
  expect(status).toBe(0);
  return JSON.parse(stdout) as { scenario: { digest: string } }; // the test reads this field only
}

describe("a scenario with manifests", () => {
  it("runs under the set as-deployed, with a note on what has no effect", () => {
    const { status, stdout, stderr } = place.peakday(RUN);
    expect(status).toBe(0);
    expect(stdout).toMatch(/replicas +mean 2/u);
    expect(stderr).toContain(
      'sims/k8s/old.yml:4:19: note: PodDisruptionBudget "old" selects no pods of the manifests\n',
    );
    // It is about progress only.
    const quiet = place.peakday(`${RUN} --quiet --policy as-deployed`);
    expect(quiet.stderr).toMatch(/^sims\/k8s\/old\.yml:4:19: note: .*of the manifests\n$/u);
    // Where the warm-up is found, the scenario is read again and again.
    const found = place.peakday(`${RUN} --quiet --policy as-deployed --set warmUp=auto`);
    expect(found).toMatchObject({ status: 0, stderr: quiet.stderr });
    expect(place.read("out/shop/report.html")).toMatch(
      /How much to trust this.*<li>manifests without effect: PodDisruptionBudget .*selects no/u,
    );
  });

  it("is told of once, not for every point of a sweep", () => {
    const vary = "--vary services.web.startup=1s,2s";
    const { stderr } = place.peakday(`sweep sims/shop.yaml --runs 1 --workers 0 --quiet ${vary}`);
    expect(stderr.match(/selects no pods/gu)).toHaveLength(1);
  });

  it("has another digest when a manifest is another", () => {
    const before = resultOf("").scenario.digest;
    expect(resultOf("").scenario.digest).toBe(before);
    place.write("sims/k8s/web.yaml", DEPLOYMENT.replace("replicas: 2", "replicas: 3"));
    expect(resultOf("").scenario.digest).not.toBe(before);
  });

  it("ends with 104 and the place in the manifest's own file", () => {
    place.write("sims/k8s/web.yaml", DEPLOYMENT.replace("replicas: 2", "replicas: two"));
    const { status, stderr } = place.peakday(RUN);
    expect(status).toBe(104);
    const problem = 'spec.replicas is a whole number from 0 to 100000, found "two"';
    expect(stderr).toContain(`sims/k8s/web.yaml:6:13: error: ${problem}`);
  });
});
