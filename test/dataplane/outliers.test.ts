import { describe, expect, it } from "vitest";
import { requestsOf, type SeenRequest } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

/** Five replicas in turn, of which one answers with errors for four seconds. */
const pool = (outlierDetection: ScenarioText | undefined): ScenarioText => ({
  replicas: 5,
  outlierDetection,
  endpoints: { get: [{ wait: "1ms" }] },
});
const faults = [{ at: "1s", for: "4s", service: "front", replicas: 1, errors: "100%" }];

function requests(outlierDetection: ScenarioText | undefined): readonly SeenRequest[] {
  const traffic = { t: { ...evenly(900, 10), call: "front" } };
  return requestsOf(modelOf({ services: { front: pool(outlierDetection) }, traffic, faults }));
}

const failedIn = (seen: readonly SeenRequest[], from: number, to: number): number =>
  seen.filter(({ end, outcome }) => outcome === "error" && end >= from && end < to).length;

const ejecting = {
  consecutive5xx: 3,
  intervalSeconds: 0.5,
  baseEjectionTimeSeconds: 1,
  maxEjectionPercent: 50,
};

describe("outlier detection at callers", () => {
  it("leaves a replica alone after so many failures in a row, and tries it again later", () => {
    const seen = requests(ejecting);
    expect(failedIn(requests(undefined), 1000, 5000)).toBe(80);
    // Three failures in its turns, then none for a second at least; ejections grow longer.
    expect(failedIn(seen, 1000, 1200)).toBe(3);
    expect(failedIn(seen, 1200, 2000)).toBe(0);
    expect(failedIn(seen, 2000, 5100)).toBe(3);
    expect(failedIn(seen, 5100, 9100)).toBe(0);
  });

  it("ejects no more than its share of the replicas", () => {
    expect(failedIn(requests({ ...ejecting, maxEjectionPercent: 10 }), 1000, 5000)).toBe(80);
  });

  it("counts for nothing when most are ejected: better a few good answers than none", () => {
    const traffic = { t: { ...evenly(300, 10), call: "front" } };
    const services = { front: pool({ ...ejecting, maxEjectionPercent: 100 }) };
    const most = [{ at: "500ms", for: "9s", service: "front", replicas: 3, errors: "100%" }];
    const seen = requestsOf(modelOf({ services, traffic, faults: most }));
    // All five in turn again, three of which fail.
    expect(failedIn(seen, 1500, 2000)).toBeGreaterThan(0.5 * 50);
  });

  it("is each replica's own knowledge of another service", () => {
    const front = { replicas: 2, endpoints: { get: [{ call: "back" }] } };
    const traffic = { t: { ...evenly(400, 10), call: "front" } };
    const back = pool({ ...ejecting, consecutive5xx: 1, baseEjectionTimeSeconds: 30 });
    const services = { front, back: { ...back, balancer: "random" } };
    const broken = [{ at: "0ms", for: "9s", service: "back", replicas: 1, errors: "100%" }];
    const seen = requestsOf(modelOf({ services, traffic, faults: broken }));
    // One failure of each caller.
    expect(failedIn(seen, 0, 5000)).toBe(2);
  });
});
