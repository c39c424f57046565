import { interruptedText, policyProgressLine, progressLine } from "../../reports/terminal/index.ts";
import type { ReplicationTask } from "../experiment/replication.ts";
import type { Console } from "./console.ts";

const LINE_EVERY_MS = 10_000;
/** Weight of the newest finishing time in the estimate, so that it does not jump about. */
const SMOOTHING = 0.3;

/** Progress of replications: a line that is redrawn, or a line for each finished policy where nothing can be. */
export class ReplicationProgress {
  readonly #console: Console;
  readonly #policies: readonly string[];
  readonly #runs: number;
  readonly #done = new Map<string, number>();
  readonly #started = Date.now();
  #finished = 0;
  #secondsPerRun: number | null = null;
  #lastLine = Date.now();

  constructor(console: Console, policies: readonly string[], runs: number) {
    this.#console = console;
    this.#policies = policies;
    this.#runs = runs;
    this.#redraw();
  }

  get total(): number {
    return this.#policies.length * this.#runs;
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

  interrupted(): string {
    return interruptedText({ done: this.#finished, total: this.total });
  }

  #redraw(): void {
    if (!this.#console.redraws || this.#console.quiet) return;
    const left = this.total - this.#finished;
    const etaSeconds = this.#secondsPerRun === null ? null : left * this.#secondsPerRun;
    const line = progressLine({
      done: this.#finished,
      total: this.total,
      etaSeconds,
      style: this.#console.err,
    });
    process.stderr.write(`\r\u001b[K${line}`);
  }

  #line(policy: string, done: number): void {
    const now = Date.now();
    if (done < this.#runs && now - this.#lastLine < LINE_EVERY_MS) return;
    this.#lastLine = now;
    const complete = [...this.#done.values()].filter((count) => count === this.#runs).length;
    this.#console.note(
      policyProgressLine({
        policy,
        done,
        total: this.#runs,
        policiesDone: complete,
        policies: this.#policies.length,
        nameWidth: Math.max(...this.#policies.map((name) => name.length)),
        style: this.#console.err,
      }),
    );
  }
}
