import type { Balancer } from "./balancer.ts";

/** Any endpoint, all with the same probability. */
export class RandomChoice implements Balancer {
  readonly name = "random";
  readonly needsDraw = true;

  pick(endpoints: Int32Array, _load: Int32Array, draw: number): number {
    return Math.floor(draw * endpoints.length);
  }

  state(): number {
    return 0;
  }

  restore(): void {}
}
