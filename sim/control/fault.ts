import type { Micros } from "../kernel/time.ts";
import type { DistributionSpec } from "../workload/distributions.ts";

/** Where a fault bites; absent fields do not narrow it. */
export interface FaultScope {
  readonly service?: string;
  readonly revision?: string;
  readonly endpoint?: string;
  readonly node?: string;
  readonly zone?: string;
  readonly region?: string;
  /** How many of the replicas in scope, or which share of them (rounded up): the oldest first. */
  readonly replicas?: { readonly count: number } | { readonly share: number };
}

export type FaultEffect =
  /**
   * The replicas die at once; requests in them fail with `killed`. Their controller replaces them.
   */
  | { readonly kind: "kill" }
  /** The process dies at once, as in `kill`; its kubelet restarts the container in its pod. */
  | { readonly kind: "crash" }
  /** The node is cordoned and its pods are evicted, as budgets allow; it takes pods again after. */
  | { readonly kind: "drain" }
  /** The node is without power: its replicas are gone, and its kubelet tells nobody. */
  | { readonly kind: "node-down" }
  /** Work that starts during the fault takes `factor` times as long. */
  | { readonly kind: "slow"; readonly factor: number }
  /** This share of the requests is answered with an error after the work was done. */
  | { readonly kind: "error"; readonly share: number }
  /** Every call in scope arrives later by a draw of this. */
  | { readonly kind: "latency"; readonly latency: DistributionSpec };

export interface Fault {
  readonly name: string;
  readonly scope: FaultScope;
  readonly start: Micros;
  /** Null for what has no end (kill, crash). */
  readonly duration: Micros | null;
  readonly effect: FaultEffect;
}
