import type { Json } from "../../kernel/json.ts";
import type { AutoscalerPolicy } from "../autoscaler.ts";

export interface ReplicaBounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/**
 * An autoscaler whose bounds can be changed while it runs, as somebody who patches a
 * HorizontalPodAutoscaler before the peak does. What it remembers stays.
 */
export interface BoundedAutoscaler<Config = unknown, State extends Json = Json>
  extends AutoscalerPolicy<Config, State> {
  boundsOf(state: State): ReplicaBounds;
  withBounds(state: State, bounds: ReplicaBounds): State;
}
