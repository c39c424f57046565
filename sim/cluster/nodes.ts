import { type Json, savedState } from "../kernel/json.ts";
import type { NodeSpec } from "./clusterSpec.ts";

export interface PodRequests {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/**
 * Nodes and what is requested on them. A pod goes to the node, among those where its requests fit,
 * that has the largest free share left (mean over cpu and memory), as kube-scheduler's
 * LeastAllocated scoring does; ties go to the first node.
 */
export class Nodes {
  readonly specs: readonly NodeSpec[];
  readonly #cpu: Float64Array;
  readonly #memory: Float64Array;
  /** Images that each node has pulled. */
  readonly #images: readonly Set<string>[];

  constructor(specs: readonly NodeSpec[]) {
    this.specs = specs;
    this.#cpu = new Float64Array(specs.length);
    this.#memory = new Float64Array(specs.length);
    this.#images = specs.map(() => new Set<string>());
  }

  /** Index of the node, whose resources are taken; −1 when the pod fits on none. */
  place(requests: PodRequests): number {
    let best = -1;
    let bestScore = -1;
    this.specs.forEach((node, index) => {
      const cpuLeft = node.cpuMillicores - this.#cpu[index]! - requests.cpuMillicores;
      const memoryLeft = node.memoryBytes - this.#memory[index]! - requests.memoryBytes;
      if (cpuLeft < 0 || memoryLeft < 0) return;
      const score = cpuLeft / node.cpuMillicores + memoryLeft / node.memoryBytes;
      if (score > bestScore) {
        best = index;
        bestScore = score;
      }
    });
    if (best >= 0) {
      this.#cpu[best]! += requests.cpuMillicores;
      this.#memory[best]! += requests.memoryBytes;
    }
    return best;
  }

  release(index: number, requests: PodRequests): void {
    this.#cpu[index]! -= requests.cpuMillicores;
    this.#memory[index]! -= requests.memoryBytes;
  }

  hasImage(index: number, image: string): boolean {
    return this.#images[index]!.has(image);
  }

  addImage(index: number, image: string): void {
    this.#images[index]!.add(image);
  }

  state(): Json {
    return {
      cpu: Array.from(this.#cpu),
      memory: Array.from(this.#memory),
      images: this.#images.map((images) => [...images]),
    };
  }

  restore(state: Json): void {
    // Written by `state` above.
    const saved = savedState<{ cpu: number[]; memory: number[]; images: string[][] }>(state);
    this.#cpu.set(saved.cpu);
    this.#memory.set(saved.memory);
    this.#images.forEach((images, index) => {
      images.clear();
      for (const image of saved.images[index]!) images.add(image);
    });
  }
}
