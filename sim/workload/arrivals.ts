import type { Json } from "../kernel/json.ts";

/** Instants at which an open workload's requests are due. */
export interface ArrivalProcess {
  /** The next instant in whole microseconds, never before the last one; infinity when there are no more. */
  next(): number;
  state(): Json;
  restore(state: Json): void;
}
