import { SharedCpu } from "./sharedCpu.ts";

/**
 * Egalitarian processor sharing of a CPU quota (Kleinrock, 1967): n jobs on q cores each run at
 * min(1, q/n), at every moment.
 */
export class ProcessorSharing extends SharedCpu {
  get rate(): number {
    return Math.min(this.jobs, this.cores);
  }

  advance(now: number): void {
    const { jobs } = this;
    if (jobs > 0) {
      const speed = jobs <= this.cores ? 1 : this.cores / jobs;
      this.virtual += (now - this.since) * speed;
    } else this.virtual = 0;
    this.since = now;
  }

  nextEnd(now: number): number {
    const { jobs } = this;
    if (jobs === 0) return Number.POSITIVE_INFINITY;
    const work = this.nextWork;
    if (work <= 0) return now;
    const stretch = jobs <= this.cores ? 1 : jobs / this.cores;
    // Less than a millionth of a microsecond is rounding of the virtual time, not work.
    return now + Math.ceil(work * stretch - 1e-6);
  }

  /** The ideal quota slows down; it never stops. */
  throttled(): number {
    return 0;
  }
}
