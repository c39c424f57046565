import type { Json } from "../kernel/json.ts";
import { micros } from "../kernel/time.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { Fault } from "./fault.ts";
import type { Platform } from "./platform.ts";

/** Injects the scenario's faults on schedule and takes them back. */
export class FaultController implements Controller {
  readonly name = "faults";
  readonly #faults: readonly Fault[];
  readonly #platform: Platform;
  readonly #begin: Alarm;
  readonly #end: Alarm;

  constructor(faults: readonly Fault[], clock: Clock, platform: Platform) {
    this.#faults = faults;
    this.#platform = platform;
    this.#begin = clock.alarm("fault begins", (index) => this.#inject(index));
    this.#end = clock.alarm("fault ends", (index) => this.#clear(index));
  }

  start(): void {
    this.#faults.forEach((fault, index) => {
      this.#begin.at(fault.start, index);
      if (fault.duration !== null) this.#end.at(micros(fault.start + fault.duration), index);
    });
  }

  /** All that is pending are alarms, which the clock keeps. */
  state(): Json {
    return null;
  }

  restore(): void {}

  #inject(index: number): void {
    const fault = this.#faults[index]!;
    this.#platform.injectFault(fault);
    this.#record(fault, "begins");
  }

  #clear(index: number): void {
    const fault = this.#faults[index]!;
    this.#platform.clearFault(fault);
    this.#record(fault, "ends");
  }

  #record(fault: Fault, what: string): void {
    this.#platform.record({
      controller: this.name,
      subject: fault.scope.service ?? fault.scope.node ?? fault.scope.zone ?? "all services",
      kind: "fault",
      reason: fault.name,
      message: `${fault.effect.kind} ${what}`,
      from: null,
      to: null,
    });
  }
}
