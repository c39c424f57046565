import { describe, expect, it } from "vitest";
import { millis } from "../../sim/kernel/time.ts";
import { requestsOf, type SeenRequest, seriesOf, sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText, throughText } from "../support/scenarios.ts";

const endpoints = { get: [{ call: "shop" }] };

/** A shop that dies at 2 s, called by the edge and by two services, every 100 ms each. */
const scenario = (callerLag?: unknown): ScenarioText => ({
  duration: "10s",
  services: {
    one: { endpoints },
    two: { endpoints },
    shop: { replicas: 2, startup: "1s", endpoints: { get: [] } },
  },
  cluster: {
    scheduling: "0s",
    endpointLag: "500ms",
    ...(callerLag === undefined ? {} : { callerLag }),
  },
  traffic: Object.fromEntries(
    ["shop", "one", "two"].map((call) => [call, { ...evenly(80, 100), call }]),
  ),
  faults: [{ at: "2050ms", service: "shop", replicas: 1, kill: true }],
});

/** When calls of each traffic stop being refused, in ms; they come shop, one, two each time. */
function lastRefusals(requests: readonly SeenRequest[]): readonly number[] {
  return [0, 1, 2].map((n) =>
    Math.max(
      ...requests
        .filter((_, i) => i % 3 === n)
        .filter(({ outcome }) => outcome === "connection-refused")
        .map(({ end }) => end),
    ),
  );
}

describe("callers", () => {
  it("share what they know when nothing is said", () => {
    const requests = requestsOf(modelOf(scenario()));
    const refused = requests.filter(({ outcome }) => outcome !== "ok");
    expect(refused.length).toBeGreaterThan(3);
    expect(Math.max(...refused.map(({ end }) => end))).toBeLessThanOrEqual(2550);
  });

  it("learn at different times when they have a lag, and of the latest news in the end", () => {
    const model = modelOf(scenario({ exponential: "600ms" }));
    const requests = requestsOf(model);
    expect(new Set(lastRefusals(requests)).size).toBe(3);
    expect(Math.min(...lastRefusals(requests))).toBeLessThanOrEqual(2550 + 3000);
    // The replacement gets its share from everybody.
    expect(model.plane.usage(2).requests).toBeGreaterThan(20);
    expect(requests.slice(-30).every(({ outcome }) => outcome === "ok")).toBe(true);
  });

  it("all learn in the same way when the lag is constant", () => {
    const requests = requestsOf(modelOf(scenario("1s")));
    const last = lastRefusals(requests);
    expect(Math.max(...last) - Math.min(...last)).toBeLessThanOrEqual(100);
    expect(Math.max(...last)).toBeGreaterThan(3300);
    expect(Math.max(...last)).toBeLessThanOrEqual(3550);
  });

  it("go on with what they know after a snapshot", () => {
    const written = scenario({ exponential: "600ms" });
    const whole = ran(written);
    const after = throughText(written, millis(2600));
    expect(after.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(sum(seriesOf(after, "shop").arrivals)).toBe(sum(seriesOf(whole, "shop").arrivals));
  });
});
