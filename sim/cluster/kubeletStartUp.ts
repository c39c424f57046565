import type { Container } from "./pod.ts";

/** A start that uses CPU, at a rate that may change: plain data. */
export interface StartUp {
  readonly since: number;
  /** In use since then. */
  readonly cores: number;
  /** CPU time of the whole start, in microseconds. */
  readonly demand: number;
}

/** CPU time that a container's start has used so far, in microseconds. */
export function startUpMicros({ starting, startupCpuMicros }: Container, now: number): number {
  if (starting === null) return startupCpuMicros;
  return startupCpuMicros + starting.cores * (now - starting.since);
}

/**
 * The start goes on from now with so many cores, more than 0. Returns how long it still takes, in
 * microseconds.
 */
export function burn(
  container: Container,
  { demand, cores, now }: { readonly demand: number; readonly cores: number; readonly now: number },
): number {
  container.startupCpuMicros = startUpMicros(container, now);
  container.starting = { since: now, cores, demand };
  const left = Math.max(0, demand - container.startupCpuMicros);
  // What rounding adds to a whole number of microseconds is not waited for.
  return Math.ceil(left / cores - 1e-6);
}
