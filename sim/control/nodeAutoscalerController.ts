import { unreachable } from "../kernel/assert.ts";
import type { Json } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type {
  NodeAutoscalerDecision,
  NodeAutoscalerObservation,
  NodeAutoscalerPolicy,
} from "../policy/nodeAutoscaler.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { ControlEvent, Platform } from "./platform.ts";

/** Runs the node autoscaler of the cluster at the policy's own period. */
export class NodeAutoscalerController implements Controller {
  readonly name: string;
  readonly #policy: NodeAutoscalerPolicy;
  readonly #clock: Clock;
  readonly #platform: Platform;
  readonly #draw: Draw;
  readonly #alarm: Alarm;
  readonly #start: Micros;
  #state: Json;

  constructor(parts: {
    readonly policy: NodeAutoscalerPolicy;
    readonly config: unknown;
    readonly clock: Clock;
    readonly platform: Platform;
    readonly draw: Draw;
  }) {
    this.name = parts.policy.name;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#platform = parts.platform;
    this.#draw = parts.draw;
    this.#start = parts.clock.now;
    this.#state = parts.policy.init(parts.config);
    this.#alarm = parts.clock.alarm("node autoscaler", () => this.#tick());
  }

  start(): void {
    this.#alarm.at(micros(this.#start + this.#policy.syncPeriod(this.#state)));
  }

  state(): Json {
    return this.#state;
  }

  restore(state: Json): void {
    this.#state = state;
  }

  #tick(): void {
    const { now } = this.#clock;
    const observation = this.#platform.observeNodes();
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    this.#carryOut(decision, observation);
    this.#alarm.at(micros(now + this.#policy.syncPeriod(state)));
  }

  #carryOut(decision: NodeAutoscalerDecision, observation: NodeAutoscalerObservation): void {
    switch (decision.kind) {
      case "hold":
        return;
      case "add":
      case "cancel": {
        const { kind, pool, count, reason } = decision;
        const from = observation.pools.find(({ name }) => name === pool)?.targetSize ?? 0;
        const to = kind === "add" ? from + count : from - count;
        const waiting = observation.pendingPods.length;
        const what = kind === "add" ? "asked for" : "given up";
        const message = `${count} nodes of ${pool} are ${what}; ${waiting} pods fit nowhere`;
        this.#record({ subject: pool, reason, message, from, to });
        if (kind === "add") this.#platform.addNodes(pool, count);
        else this.#platform.cancelNodes(pool, count);
        return;
      }
      case "remove":
        for (const { node, pods } of decision.removals) {
          const message = `not needed; ${pods.length} pods are to move`;
          this.#record({ subject: node, reason: decision.reason, message, from: null, to: null });
        }
        this.#platform.removeNodes(decision.removals);
        return;
      default:
        unreachable(decision);
    }
  }

  #record(event: Omit<ControlEvent, "controller" | "kind">): void {
    this.#platform.record({ ...event, controller: this.name, kind: "node" });
  }
}
