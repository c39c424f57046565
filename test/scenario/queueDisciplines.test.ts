import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CallObserver } from "../../sim/dataplane/callObserver.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { modelOf } from "../support/scenarios.ts";

const file = "scenarios/queue-disciplines.yaml";
const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const { scenarios } = loadScenario({ file, text, readFile: () => null });

/** In seconds; mean waits by traffic. */
function outcomeOf(policy: string) {
  const scenario = scenarios.find((candidate) => candidate.policy.name === policy)!;
  const [waited, count] = [
    [0, 0],
    [0, 0],
  ];
  const observer: CallObserver = {
    ended(_service, traffic, _reason, _latency, wait) {
      waited[traffic]! += wait / 1e6;
      count[traffic]!++;
    },
  };
  const model = modelOf(scenario, { observer });
  model.run();
  const { latency, failed, requests } = model.recorder;
  const [orders, readers] = waited.map((sum, i) => sum / count[i]!);
  return {
    median: latency.quantile(0.5)! / 1e6,
    p99: latency.quantile(0.99)! / 1e6,
    failedShare: failed / requests,
    orders: orders!,
    readers: readers!,
  };
}

describe("a rush", () => {
  const inOrder = outcomeOf("in-order");

  it("keeps everybody waiting who is served in order", () => {
    // 100 too many a second for 120 s, and 80 free servers' seconds a second afterwards.
    expect(inOrder.median).toBeGreaterThan(5);
    expect(inOrder.p99).toBeGreaterThan(50);
    expect(inOrder.failedShare).toBe(0);
  });

  it("spares most and forgets some when the last one is served first", () => {
    const lastFirst = outcomeOf("last-first");
    expect(lastFirst.median).toBeLessThan(inOrder.median / 20);
    expect(lastFirst.p99).toBeGreaterThan(3 * inOrder.p99);
  });

  it("is over soon when those leave who would wait for long", () => {
    const patience = outcomeOf("patience");
    expect(patience.p99).toBeLessThan(inOrder.p99 / 20);
    expect(patience.failedShare).toBeGreaterThan(0.1);
  });

  it("is nothing to orders that preempt readers, who wait longer for it", () => {
    const ordersFirst = outcomeOf("orders-first");
    expect(ordersFirst.orders).toBeLessThan(0.01);
    expect(ordersFirst.readers).toBeGreaterThan(1.1 * inOrder.readers);
    // Whoever is served first, as much work is waited for: the mean over all stays.
    const mean = ({ orders, readers }: typeof inOrder): number => (orders + 5 * readers) / 6;
    expect(mean(ordersFirst) / mean(inOrder)).toBeGreaterThan(0.97);
    expect(mean(ordersFirst) / mean(inOrder)).toBeLessThan(1.03);
  });
});
