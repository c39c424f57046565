import { describe, expect, it } from "vitest";
import type { TopicCounts } from "../../sim/result/result.ts";
import { runOf } from "../support/scenarioFiles.ts";

describe("a log with partitions", () => {
  const outcome = (policy: string): TopicCounts =>
    runOf("partitioned-log", policy).result.topics![0]!;
  const missedShare = ({ missed, due }: TopicCounts): number => missed / due;
  const retrying = outcome("retry-topic");

  it("is held up by what fails, unless that goes to a retry topic", () => {
    expect(missedShare(outcome("blocking"))).toBeGreaterThan(0.5);
    // Who cannot be billed at all, and hardly anybody else.
    expect(missedShare(retrying)).toBeLessThan(0.03);
    expect(retrying.partitions!.outOfOrder).toBeGreaterThan(0);
    expect(retrying.deadLettered / retrying.published).toBeCloseTo(0.02, 2);
  });

  it("waits for the one partition of a popular key, however many workers there are", () => {
    const hot = outcome("retry-topic-hot-key");
    expect(hot.p95WaitSeconds).toBeGreaterThan(10 * retrying.p95WaitSeconds!);
    const more = outcome("hot-key-more-workers");
    expect(more.p95WaitSeconds).toBeGreaterThan(0.8 * hot.p95WaitSeconds!);
    expect(Math.max(...more.partitions!.published)).toBeGreaterThan(0.25 * more.published);
  });

  it("is worked on twice where workers seldom note how far they are", () => {
    expect(retrying.duplicates).toBeLessThan(30);
    expect(outcome("late-commits").duplicates).toBeGreaterThan(100);
  });
});

describe("row locks", () => {
  const failedShare = (policy: string): number =>
    runOf("row-locks", policy).result.failedPercent / 100;

  it("deadlock when rows are locked as they come, and not in the order of their numbers", () => {
    expect(failedShare("sorted")).toBe(0);
    expect(failedShare("as-drawn")).toBeGreaterThan(0.05);
    const [locks] = runOf("row-locks", "as-drawn").result.locks!;
    expect(locks!.timeouts).toBeGreaterThan(1000);
  });

  it("are a bottleneck where all want one row, or have it for long", () => {
    expect(failedShare("hot-row")).toBeGreaterThan(0.05);
    expect(failedShare("long-transaction")).toBeGreaterThan(0.05);
  });
});

describe("a database", () => {
  const failed = (policy: string): number => runOf("database", policy).result.failedPercent;

  it("with replicas gets over the death of its primary, and serves reads meanwhile", () => {
    expect(failed("one-server")).toBeGreaterThan(25);
    expect(failed("replicas")).toBeLessThan(0.5);
  });

  it("with replicas shows buyers what was there before they bought", () => {
    const staleReads = runOf("database", "replicas").result.datastores![0]!.staleReads;
    // Twelve thousand buy something and look at once.
    expect(staleReads).toBeGreaterThan(11_000);
  });

  it("with shards loses a quarter for a while, and is slow where one key is popular", () => {
    expect(failed("shards")).toBeGreaterThan(5);
    expect(failed("shards")).toBeLessThan(failed("one-server") / 3);
    const { requests } = runOf("database", "hot-shard").result.datastores![0]!;
    expect(Math.max(...requests)).toBeGreaterThan(2 * Math.min(...requests));
    expect(failed("hot-shard")).toBeGreaterThan(50);
  });
});
