import type { Json } from "../kernel/json.ts";

/** A control loop over Clock and Platform. It carries decisions out, and takes none of its own. */
export interface Controller {
  readonly name: string;
  /** Sets its first alarm. */
  start(): void;
  /** What it remembers between alarms, plain JSON; pending alarms are the clock's. */
  state(): Json;
  restore(state: Json): void;
}
