import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { CallObserver } from "../callObserver.ts";
import type { CallPlan } from "../callplan/plan.ts";
import type { CallTable } from "./callTable.ts";
import type { Effects } from "./effects.ts";
import type { ReplicaTable } from "./replicaTable.ts";

/** What all parts of the exact data plane work on. */
export interface PlaneParts {
  readonly simulation: Simulation;
  readonly plan: CallPlan;
  readonly draws: KeyedDraws;
  readonly recorder: Recorder;
  /** By traffic. */
  readonly attributes: readonly AttributeSampler[];
  readonly rows: CallTable;
  readonly replicas: ReplicaTable;
  readonly effects: Effects;
  readonly observer: CallObserver | null;
  /** Lets a row go on with its program. */
  readonly walk: (row: number) => void;
}

/** Domain events of the trace digest. */
export const TRACE = {
  sent: 1,
  refused: 2,
  answered: 3,
  gaveUp: 4,
  requested: 5,
  completed: 6,
  published: 7,
  consumed: 8,
  reappeared: 9,
  deadLettered: 10,
} as const;
