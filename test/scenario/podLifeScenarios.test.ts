import { describe, expect, it } from "vitest";
import type { ReplicationOutput } from "../../sim/experiment/replication.ts";
import { runOf } from "../support/scenarioFiles.ts";

/** Ready and wanted replicas of the first service at the end of each bin. */
function replicasOf(name: string, policy: string): { ready: number[]; wanted: number[] } {
  const { timeline } = runOf(name, policy);
  const { ready, wanted } = timeline!.services[0]!;
  const known = (values: readonly (number | null)[]): number[] =>
    values.map((value) => value ?? Number.NaN);
  return { ready: known(ready), wanted: known(wanted) };
}

it("a liveness probe that gives up too soon takes the whole fleet down for good", () => {
  const { ready } = replicasOf("liveness-spiral", "asks-too-soon");
  expect(ready[0]).toBe(6);
  // Minutes after the forty seconds of overload no pod stays up.
  expect(Math.max(...ready.slice(-60))).toBeLessThanOrEqual(2);
});

it("a patient one loses nobody to the same overload", () => {
  const { ready } = replicasOf("liveness-spiral", "patient");
  expect(Math.min(...ready)).toBe(6);
});

it("start-up CPU that counts runs an HPA up to its maximum", () => {
  const { wanted } = replicasOf("slow-start-storm", "flags-off");
  expect(Math.max(...wanted)).toBe(40);
});

it("the controller's defaults leave starting pods out, and stop at what the load needs", () => {
  const { wanted } = replicasOf("slow-start-storm", "as-shipped");
  expect(Math.max(...wanted)).toBeLessThanOrEqual(7);
});

describe("a rolling update with a node drained in the middle", () => {
  const outputs = new Map(
    ["rolling", "recreate", "no-pre-stop"].map((policy) => [
      policy,
      runOf("rolling-update", policy),
    ]),
  );
  const of = (policy: string): ReplicationOutput => outputs.get(policy)!;

  /** Moments from the release on at which the HPA changed the count in this direction. */
  const scaledAt = (policy: string, direction: 1 | -1): readonly number[] =>
    of(policy)
      .decisions.filter(({ kind, from, to }) => kind === "scale" && (to! - from!) * direction > 0)
      .map(({ timeSeconds }) => timeSeconds - 300);

  it("is scaled up and down while it goes on", () => {
    const end = of("rolling").rollouts[0]!.endSeconds!;
    for (const direction of [1, -1] as const) {
      const during = scaledAt("rolling", direction).filter((time) => time > 0 && time < end);
      expect(during.length).toBeGreaterThanOrEqual(1);
    }
    for (const policy of outputs.keys()) {
      expect(scaledAt(policy, 1)).not.toEqual([]);
      expect(scaledAt(policy, -1)).not.toEqual([]);
    }
    const { min, max } = of("rolling").replicas[0]!;
    // Six at the most, one above them, and one that terminates.
    expect([min, max]).toEqual([3, 8]);
  });

  it("has to wait for the disruption budget, which lets go of one pod of two at first", () => {
    for (const policy of outputs.keys()) {
      const { decisions } = of(policy);
      const [drained] = decisions.filter(({ reason }) => reason === "Drained");
      expect(drained!.message).toMatch(/^evicted 2 pods; a budget refused [1-9][0-9]* times/u);
    }
    const [first, second] = of("rolling").decisions.filter(({ reason }) => reason === "Evicted");
    expect(second!.timeSeconds - first!.timeSeconds).toBeGreaterThanOrEqual(30);
  });

  it("loses nobody, keeps the disruption budget, and is complete after a few pods' starts", () => {
    const { result, timeline, rollouts } = of("rolling");
    expect(result.failed).toBe(0);
    expect(Math.min(...timeline!.services[0]!.ready.map((n) => n ?? 0))).toBeGreaterThanOrEqual(2);
    expect(rollouts[0]!.outcome).toBe("promoted");
    // A pod is up after a minute and a half, and holds for a minute, for each of about five.
    expect(rollouts[0]!.endSeconds!).toBeGreaterThan(500);
    expect(rollouts[0]!.endSeconds!).toBeLessThan(800);
  });

  it("is down for a start when everything old goes first", () => {
    const { result, rollouts } = of("recreate");
    expect(Object.keys(result.failures)).toEqual(["no-endpoint"]);
    // Two starts one after the other, and a minute to hold: the drain takes pods of the first.
    expect(rollouts[0]!.endSeconds!).toBeGreaterThan(180);
    expect(rollouts[0]!.endSeconds!).toBeLessThan(300);
  });

  it("refuses requests of callers that still know a pod, when its pods stop at once", () => {
    expect(Object.keys(of("no-pre-stop").result.failures)).toEqual(["connection-refused"]);
  });
});
