import { describe, expect, it } from "vitest";
import { createStreams, type RandomStream } from "../../sim/kernel/streams.ts";
import { chiSquareScore, correlationScore } from "../workload/goodnessOfFit.ts";

const COUNT = 20_000;
const take = (stream: RandomStream, count = COUNT): number[] =>
  Array.from({ length: count }, () => stream.uniform());

describe("named streams", () => {
  it("depend on their name only, not on when they were made or what else was drawn", () => {
    const one = createStreams({ seed: 5, replication: 0 });
    const two = createStreams({ seed: 5, replication: 0 });
    const arrivals = take(one("arrivals"), 100);
    take(two("an unrelated service"), 50);
    two("faults");
    const mixed = Array.from({ length: 100 }, () => {
      two("an unrelated service").uniform();
      return two("arrivals").uniform();
    });
    expect(mixed).toEqual(arrivals);
  });

  it("one name is one stream, whoever asks", () => {
    const streams = createStreams({ seed: 5, replication: 0 });
    expect(streams("arrivals")).toBe(streams("arrivals"));
    expect([...streams.all.keys()]).toEqual(["arrivals"]);
  });

  it("are even, and independent of other names, replications and seeds", () => {
    const base = take(createStreams({ seed: 5, replication: 0 })("arrivals"));
    const cells = new Array<number>(100).fill(0);
    for (const u of base) cells[Math.floor(u * 100)] = cells[Math.floor(u * 100)]! + 1;
    expect(chiSquareScore(cells, new Array<number>(100).fill(COUNT / 100))).toBeLessThan(4);
    expect(Math.abs(correlationScore(base.slice(1), base.slice(0, -1)))).toBeLessThan(4);
    const others = [
      createStreams({ seed: 5, replication: 0 })("arrivals2"),
      createStreams({ seed: 5, replication: 1 })("arrivals"),
      createStreams({ seed: 6, replication: 0 })("arrivals"),
    ];
    for (const other of others) {
      expect(Math.abs(correlationScore(base, take(other)))).toBeLessThan(4);
    }
  });

  it("use 53 bits", () => {
    const stream = createStreams({ seed: 1, replication: 0 })("bits");
    const isFine = take(stream, 100).some((u) => (u * 2 ** 53) % 2 === 1);
    expect(isFine).toBe(true);
  });

  it("go on from a snapshot, after a trip through JSON", () => {
    const stream = createStreams({ seed: 5, replication: 0 })("arrivals");
    take(stream, 17);
    const text = JSON.stringify(stream.state());
    const rest = take(stream, 50);
    const other = createStreams({ seed: 9, replication: 9 })("arrivals");
    other.restore(JSON.parse(text));
    expect(take(other, 50)).toEqual(rest);
  });
});
