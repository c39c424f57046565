import { assert } from "../kernel/assert.ts";
import { type Json, savedState } from "../kernel/json.ts";

export interface ImagePullSettings {
  /** Of the node's link to the registry; concurrent pulls share it evenly. */
  readonly bytesPerSecond: number;
  /**
   * The kubelet pulls one image after the other (`serializeImagePulls`, its default): 1; otherwise
   * `maxParallelImagePulls`, or null for any number.
   */
  readonly maxParallelPulls: number | null;
}

interface Pull {
  readonly image: string;
  readonly bytes: number;
  /** Still to come. */
  left: number;
  /** Who waits for it, in order of asking. */
  readonly pods: number[];
}

/**
 * The images of one node: those that it has, and those that it pulls. Pulls start in the order in
 * which they were asked for, at most so many at a time, and share the link's bandwidth evenly
 * (processor sharing); an image is pulled once, however many pods wait for it. Images stay until
 * the node goes: the kubelet's garbage collection at 85 % of the disk is not modelled. Times are
 * microseconds.
 *
 * `advance(now)` before every other call; schedule an event at `nextEnd(now)` after it, and take
 * what is done when it comes.
 * Source: https://kubernetes.io/docs/concepts/containers/images/#serial-and-parallel-image-pulls
 */
export class NodeImages {
  /** When the next pull will end, as scheduled; infinity when nothing is. */
  scheduled = Number.POSITIVE_INFINITY;
  /** Handle of that event in the calendar. */
  event = -1;
  readonly #bytesPerMicro: number;
  readonly #parallel: number;
  readonly #cached = new Map<string, number>();
  #pulls: Pull[] = [];
  #since = 0;

  constructor({ bytesPerSecond, maxParallelPulls }: ImagePullSettings) {
    assert(bytesPerSecond > 0, "images are pulled with a bandwidth above 0");
    this.#bytesPerMicro = bytesPerSecond / 1e6;
    this.#parallel = maxParallelPulls ?? Number.POSITIVE_INFINITY;
  }

  has(image: string): boolean {
    return this.#cached.has(image);
  }

  /** Images that are there, with their size, in the order in which they came. */
  get cached(): ReadonlyMap<string, number> {
    return this.#cached;
  }

  /** The image is there: it was part of the node's own, or of what ran when all began. */
  add(image: string, bytes: number): void {
    this.#cached.set(image, bytes);
  }

  /** A pod needs an image that is not there. Its size counts when the image is asked for first. */
  pull(pod: number, image: string, bytes: number): void {
    assert(!this.has(image), `image ${image} is there already`);
    const going = this.#pulls.find((pull) => pull.image === image);
    if (going !== undefined) going.pods.push(pod);
    else this.#pulls.push({ image, bytes, left: bytes, pods: [pod] });
  }

  /** The pod needs it no more; the pull goes on for the cache, as the kubelet's does. */
  forget(pod: number): void {
    for (const { pods } of this.#pulls) {
      const index = pods.indexOf(pod);
      if (index >= 0) pods.splice(index, 1);
    }
  }

  /** Brings the pulls up to now; call before every change. */
  advance(now: number): void {
    const active = this.#active();
    const share = ((now - this.#since) * this.#bytesPerMicro) / Math.max(1, active.length);
    for (const pull of active) pull.left = Math.max(0, pull.left - share);
    this.#since = now;
  }

  /** When the next pull ends if nothing changes: rounded up, so that its bytes are there then. */
  nextEnd(now: number): number {
    const active = this.#active();
    if (active.length === 0) return Number.POSITIVE_INFINITY;
    const least = active.reduce((min, { left }) => Math.min(min, left), Number.POSITIVE_INFINITY);
    const rest = (least * active.length) / this.#bytesPerMicro;
    return now + Math.max(0, Math.ceil(rest - 1e-6));
  }

  /** An image that has come by now, with the pods that waited for it; null when none has. */
  takeDone(): { readonly image: string; readonly pods: readonly number[] } | null {
    // What a microsecond brings is less than a byte's worth of rounding away from done.
    const done = this.#active().find(({ left }) => left <= this.#bytesPerMicro * 1e-6);
    if (done === undefined) return null;
    this.#pulls = this.#pulls.filter((pull) => pull !== done);
    this.#cached.set(done.image, done.bytes);
    return { image: done.image, pods: done.pods };
  }

  state(): Json {
    return {
      // Infinity is not JSON.
      scheduled: Number.isFinite(this.scheduled) ? this.scheduled : null,
      event: this.event,
      cached: [...this.#cached],
      pulls: this.#pulls.map(({ image, bytes, left, pods }) => ({
        image,
        bytes,
        left,
        pods: [...pods],
      })),
      since: this.#since,
    };
  }

  restore(state: Json): void {
    const saved = savedState<ImagesState>(state);
    this.scheduled = saved.scheduled ?? Number.POSITIVE_INFINITY;
    this.event = saved.event;
    this.#cached.clear();
    for (const [image, bytes] of saved.cached) this.#cached.set(image, bytes);
    this.#pulls = saved.pulls.map((pull) => ({ ...pull, pods: [...pull.pods] }));
    this.#since = saved.since;
  }

  /** Pulls under way: the first of those asked for. */
  #active(): readonly Pull[] {
    return this.#pulls.length <= this.#parallel
      ? this.#pulls
      : this.#pulls.slice(0, this.#parallel);
  }
}

interface ImagesState {
  readonly scheduled: number | null;
  readonly event: number;
  readonly cached: readonly (readonly [string, number])[];
  readonly pulls: readonly Pull[];
  readonly since: number;
}
