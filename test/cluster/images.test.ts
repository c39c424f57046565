import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NodeImages } from "../../sim/cluster/images.ts";

const MEGABYTE = 1e6;
const SECOND = 1e6;

/** Pulls what is asked for at its time, and tells when each pod got its image. */
function run(
  images: NodeImages,
  asked: readonly { readonly at: number; readonly image: string; readonly bytes: number }[],
): ReadonlyMap<number, number> {
  const got = new Map<number, number>();
  const take = (now: number): void => {
    images.advance(now);
    for (let done = images.takeDone(); done !== null; done = images.takeDone()) {
      for (const pod of done.pods) got.set(pod, now);
    }
  };
  let now = 0;
  const until = (time: number): void => {
    for (let end = images.nextEnd(now); end <= time && end < Infinity; end = images.nextEnd(now)) {
      now = end;
      take(now);
    }
  };
  asked.forEach(({ at, image, bytes }, pod) => {
    until(at);
    now = at;
    images.advance(now);
    if (images.has(image)) got.set(pod, now);
    else images.pull(pod, image, bytes);
  });
  until(Number.MAX_SAFE_INTEGER);
  return got;
}

describe("a node pulls images", () => {
  const asked = [
    { at: 0, image: "a", bytes: 100 * MEGABYTE },
    { at: 0, image: "b", bytes: 300 * MEGABYTE },
    { at: 0.5 * SECOND, image: "a", bytes: 100 * MEGABYTE },
    { at: 5 * SECOND, image: "b", bytes: 300 * MEGABYTE },
  ];
  const bytesPerSecond = 100 * MEGABYTE;

  it("one after the other", () => {
    const images = new NodeImages({ bytesPerSecond, maxParallelPulls: 1 });
    expect([...run(images, asked).entries()].sort()).toEqual([
      [0, 1 * SECOND],
      [1, 4 * SECOND],
      [2, 1 * SECOND],
      [3, 5 * SECOND],
    ]);
    expect([...images.cached]).toEqual([
      ["a", 100 * MEGABYTE],
      ["b", 300 * MEGABYTE],
    ]);
  });

  it("or all at once, sharing the bandwidth", () => {
    // Half each until a has its 100 MB at 2 s; then b alone for the remaining 200 MB.
    const images = new NodeImages({ bytesPerSecond, maxParallelPulls: null });
    const got = run(images, asked);
    expect([got.get(0), got.get(1), got.get(2)]).toEqual([2 * SECOND, 4 * SECOND, 2 * SECOND]);
  });

  it("or so many at a time", () => {
    const three = ["a", "b", "c"].map((image) => ({ at: 0, image, bytes: 100 * MEGABYTE }));
    const images = new NodeImages({ bytesPerSecond, maxParallelPulls: 2 });
    expect([...run(images, three).values()]).toEqual([2 * SECOND, 2 * SECOND, 3 * SECOND]);
  });

  it("for its cache, when the pod is gone", () => {
    const images = new NodeImages({ bytesPerSecond, maxParallelPulls: 1 });
    images.pull(7, "a", 100 * MEGABYTE);
    images.forget(7);
    images.advance(SECOND);
    expect(images.takeDone()).toEqual({ image: "a", pods: [] });
    expect(images.has("a")).toBe(true);
    expect(images.nextEnd(SECOND)).toBe(Number.POSITIVE_INFINITY);
  });

  it("and not at all what is there from the start", () => {
    const images = new NodeImages({ bytesPerSecond, maxParallelPulls: 1 });
    images.add("a", 5);
    expect(images.has("a")).toBe(true);
    expect(() => images.pull(1, "a", 5)).toThrow("image a is there already");
  });
});

it("goes on the same from its state", () => {
  const settings = { bytesPerSecond: 3 * MEGABYTE, maxParallelPulls: 2 };
  const images = new NodeImages(settings);
  images.add("base", 1);
  for (const [pod, image] of ["a", "b", "a", "c"].entries()) images.pull(pod, image, 7 * MEGABYTE);
  images.advance(1.5 * SECOND);
  const copy = new NodeImages(settings);
  copy.restore(JSON.parse(JSON.stringify(images.state())));
  expect(copy.state()).toEqual(images.state());
  expect(copy.nextEnd(1.5 * SECOND)).toBe(images.nextEnd(1.5 * SECOND));
  for (const each of [images, copy]) each.advance(5 * SECOND);
  expect(copy.takeDone()).toEqual(images.takeDone());
  expect(copy.state()).toEqual(images.state());
});

it("never brings more than the link can carry, and wastes none of it", () => {
  const request = fc.record({
    at: fc.integer({ min: 0, max: 5 * SECOND }),
    bytes: fc.integer({ min: 1, max: 500 * MEGABYTE }),
  });
  const limits = fc.constantFrom(1, 2, 3, null);
  const property = fc.property(
    fc.array(request, { minLength: 1, maxLength: 12 }),
    limits,
    fc.integer({ min: 1, max: 1000 }),
    (drawn, maxParallelPulls, megabytes) => {
      const sorted = [...drawn].sort((a, b) => a.at - b.at);
      const bytesPerSecond = megabytes * MEGABYTE;
      const images = new NodeImages({ bytesPerSecond, maxParallelPulls });
      const asked = sorted.map((one, index) => ({ ...one, image: `i${index}` }));
      const got = run(images, asked);
      // Work conserving: the last byte comes when a queue with one server would be empty.
      let busyUntil = 0;
      for (const { at, bytes } of sorted) busyUntil = Math.max(busyUntil, at) + bytes / megabytes;
      const last = Math.max(...got.values());
      expect(got.size).toBe(asked.length);
      expect(last).toBeGreaterThanOrEqual(Math.floor(busyUntil));
      // Each end is rounded up to a whole microsecond.
      expect(last).toBeLessThanOrEqual(Math.ceil(busyUntil) + asked.length);
    },
  );
  fc.assert(property, { numRuns: 200 });
});
