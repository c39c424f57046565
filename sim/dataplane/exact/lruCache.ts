import { type Json, savedState } from "../../kernel/json.ts";

/**
 * A cache of keys: entries expire a fixed time after they were put in, and the least recently used
 * one makes room for a new one. Times are microseconds.
 */
export class LruCache {
  readonly #size: number;
  readonly #ttl: number;
  /** Expiry by key, the least recently used first. */
  readonly #expiry = new Map<number, number>();

  /** `size` entries that live for `ttl`; null for no limit. */
  constructor({ size, ttl }: { readonly size: number | null; readonly ttl: number | null }) {
    this.#size = size ?? Number.POSITIVE_INFINITY;
    this.#ttl = ttl ?? Number.MAX_SAFE_INTEGER;
  }

  /** Entries, expired ones that nobody asked for since included. */
  get length(): number {
    return this.#expiry.size;
  }

  /** Whether the key is there and has not expired; it counts as used. */
  has(key: number, now: number): boolean {
    const expiry = this.#expiry.get(key);
    if (expiry === undefined) return false;
    this.#expiry.delete(key);
    if (expiry <= now) return false;
    this.#expiry.set(key, expiry);
    return true;
  }

  put(key: number, now: number): void {
    this.#expiry.delete(key);
    this.#expiry.set(key, now + this.#ttl);
    if (this.#expiry.size <= this.#size) return;
    for (const oldest of this.#expiry.keys()) {
      this.#expiry.delete(oldest);
      return;
    }
  }

  state(): Json {
    return [...this.#expiry].map(([key, expiry]) => [key, expiry]);
  }

  restore(state: Json): void {
    this.#expiry.clear();
    for (const [key, expiry] of savedState<readonly (readonly [number, number])[]>(state)) {
      this.#expiry.set(key, expiry);
    }
  }
}
