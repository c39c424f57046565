import type { Container } from "./pod.ts";

/** CPU that the containers beside a process use, at a rate that may change: plain data. */
export interface SidecarUse {
  readonly since: number;
  /** In use since then, all of them together. */
  readonly cores: number;
  /** CPU time used before, in microseconds. */
  readonly earlierMicros: number;
}

/** CPU time that the sidecars have used since the container started, in microseconds. */
export const sidecarMicros = ({ sidecars }: Container, now: number): number =>
  sidecars.earlierMicros + sidecars.cores * (now - sidecars.since);

/** They get so many cores from now on. */
export function setSidecarCores(container: Container, cores: number, now: number): void {
  if (container.sidecars.cores === cores) return;
  container.sidecars = { since: now, cores, earlierMicros: sidecarMicros(container, now) };
}
