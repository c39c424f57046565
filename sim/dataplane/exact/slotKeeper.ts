import type { Json } from "../../kernel/json.ts";

/** Who lets rows into the concurrency slots of replicas, and makes the others wait. */
export interface SlotKeeper {
  /** Gives a row that arrives a slot or a place in the queue; false when neither is free. */
  enter(row: number, replica: number): boolean;
  /** Lets a row go on that needs no slot: a thread of its own carries it. */
  pass(row: number): void;
  /** A row that holds a slot leaves; it may have been released by now. */
  leave(replica: number, row: number): void;
  /** A row of an asynchronous service is about to wait. */
  releaseIfAsynchronous(row: number): void;
  /** Goes on after a wait; a row that gave its slot back takes one again first. */
  resume(row: number): void;
  /** A process starts, or has died and holds nothing any more. */
  begin(replica: number): void;
  clear(replica: number): void;
  state(): Json;
  restore(state: Json): void;
}
