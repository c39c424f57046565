import { interruptedText, policyProgressLine, progressLine } from "../../reports/terminal/index.ts";
import type { ReplicationTask } from "../experiment/replication.ts";
import type { Console } from "./console.ts";

const LINE_EVERY_MS = 10_000;
/** Weight of the newest finishing time in the estimate, so that it does not jump about. */
const SMOOTHING = 0.3;

/**
 * Progress of replications: a line that is redrawn, or a line for each finished policy where
 * nothing can be.
 */
export class ReplicationProgress {
  readonly #console: Console;
  readonly #noun: string;
  readonly #total: number;
  /** Runs by policy set. */
  readonly #runs = new Map<string, number>();
  readonly #done = new Map<string, number>();
  readonly #started = Date.now();
  #finished = 0;
  #secondsPerRun: number | null = null;
  #lastLine = Date.now();

  constructor(console: Console, tasks: readonly ReplicationTask[], noun = "policies") {
    this.#console = console;
    this.#noun = noun;
    this.#total = tasks.length;
    for (const { scenario } of tasks) {
      const { name } = scenario.policy;
      this.#runs.set(name, (this.#runs.get(name) ?? 0) + 1);
    }
    this.#redraw();
  }

  finished(task: ReplicationTask): void {
    const policy = task.scenario.policy.name;
    const done = (this.#done.get(policy) ?? 0) + 1;
    this.#done.set(policy, done);
    this.#finished++;
    const average = (Date.now() - this.#started) / 1000 / this.#finished;
    this.#secondsPerRun =
      this.#secondsPerRun === null
        ? average
        : this.#secondsPerRun + SMOOTHING * (average - this.#secondsPerRun);
    if (this.#console.quiet) return;
    if (this.#console.redraws) this.#redraw();
    else this.#line(policy, done);
  }

  /** Takes the redrawn line away. */
  clear(): void {
    if (this.#console.redraws && !this.#console.quiet) process.stderr.write("\r\u001b[K");
  }

  /** Leaves the redrawn line where it is, for what comes below it. */
  leave(): void {
    if (this.#console.redraws && !this.#console.quiet) process.stderr.write("\n");
  }

  interrupted(): string {
    return interruptedText({ done: this.#finished, total: this.#total });
  }

  #redraw(): void {
    if (!this.#console.redraws || this.#console.quiet) return;
    const left = this.#total - this.#finished;
    const etaSeconds = this.#secondsPerRun === null ? null : left * this.#secondsPerRun;
    const line = progressLine({
      done: this.#finished,
      total: this.#total,
      etaSeconds,
      style: this.#console.err,
    });
    process.stderr.write(`\r\u001b[K${line}`);
  }

  #line(policy: string, done: number): void {
    const now = Date.now();
    const total = this.#runs.get(policy)!;
    if (done < total && now - this.#lastLine < LINE_EVERY_MS) return;
    this.#lastLine = now;
    const policies = [...this.#runs.keys()];
    const complete = policies.filter((name) => this.#done.get(name) === this.#runs.get(name));
    this.#console.note(
      policyProgressLine({
        policy,
        done,
        total,
        policiesDone: complete.length,
        policies: policies.length,
        noun: this.#noun,
        nameWidth: Math.max(...policies.map((name) => name.length)),
        style: this.#console.err,
      }),
    );
  }
}
