/**
 * Picks the endpoint of one call. Balancers run for every call: they look at arrays that the data
 * plane keeps and may change their own small state in place.
 */
export interface Balancer {
  readonly name: string;
  /** Whether `draw` of `pick` is looked at, so that callers can save it. */
  readonly needsDraw: boolean;
  /**
   * Index into `endpoints` (at least one). `load[endpoints[i]]` is the number of requests
   * outstanding at it;
   * `draw` is uniform in [0, 1).
   */
  pick(endpoints: Int32Array, load: Int32Array, draw: number): number;
  state(): number;
  restore(state: number): void;
}
