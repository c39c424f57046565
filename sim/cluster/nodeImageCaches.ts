import { type Json, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { type ImagePullSettings, NodeImages } from "./images.ts";
import type { Node, Nodes } from "./nodes.ts";

/**
 * The images of every node, and the pulls under way. An image is pulled by its size over the node's
 * bandwidth; or it comes after a time that was drawn, and only its being there is kept here.
 */
export class NodeImageCaches {
  readonly #simulation: Simulation;
  readonly #settings: ImagePullSettings;
  readonly #nodes: Nodes;
  readonly #pulled: (pod: number) => void;
  readonly #cached: (node: Node, image: string, bytes: number) => void;
  readonly #end: number;
  readonly #images = new Map<number, NodeImages>();

  constructor(parts: {
    readonly simulation: Simulation;
    readonly settings: ImagePullSettings;
    readonly nodes: Nodes;
    /** The image that a pod waited for is there. */
    readonly pulled: (pod: number) => void;
    /** The node has one image more. */
    readonly cached: (node: Node, image: string, bytes: number) => void;
  }) {
    this.#simulation = parts.simulation;
    this.#settings = parts.settings;
    this.#nodes = parts.nodes;
    this.#pulled = parts.pulled;
    this.#cached = parts.cached;
    this.#end = parts.simulation.register("an image pull ends", (node) => this.#takeDone(node));
  }

  has(node: number, image: string): boolean {
    return this.#images.get(node)?.has(image) === true;
  }

  add(node: number, image: string, bytes: number): void {
    if (this.has(node, image)) return;
    this.#of(node).add(image, bytes);
    this.#cached(this.#nodes.all[node]!, image, bytes);
  }

  /** `pulled` follows when the image, which is not there, has come. */
  pull(node: number, pull: { readonly pod: number; readonly image: string; bytes: number }): void {
    const images = this.#of(node);
    images.advance(this.#simulation.now);
    images.pull(pull.pod, pull.image, pull.bytes);
    this.#expect(node, images);
  }

  /** The pod waits no more. */
  forget(node: number, pod: number): void {
    this.#images.get(node)?.forget(pod);
  }

  removeNode(node: number): void {
    this.#images.delete(node);
  }

  state(): Json {
    return [...this.#images].map(([node, images]) => [node, images.state()]);
  }

  restore(state: Json): void {
    this.#images.clear();
    for (const [node, images] of savedState<readonly (readonly [number, Json])[]>(state)) {
      this.#of(node).restore(images);
      for (const [image, bytes] of this.#of(node).cached) {
        this.#cached(this.#nodes.all[node]!, image, bytes);
      }
    }
  }

  #of(node: number): NodeImages {
    let images = this.#images.get(node);
    if (images === undefined) {
      images = new NodeImages(this.#settings);
      this.#images.set(node, images);
    }
    return images;
  }

  #expect(node: number, images: NodeImages): void {
    const { now } = this.#simulation;
    const next = images.nextEnd(now);
    if (next === images.scheduled || next === Number.POSITIVE_INFINITY) return;
    images.scheduled = next;
    this.#simulation.schedule(next, this.#end, node, 0);
  }

  #takeDone(node: number): void {
    const { now } = this.#simulation;
    const images = this.#images.get(node);
    // Pulls that came later have put the end off; their event is still to come.
    if (images === undefined || images.scheduled !== now) return;
    images.scheduled = Number.POSITIVE_INFINITY;
    images.advance(now);
    for (let done = images.takeDone(); done !== null; done = images.takeDone()) {
      const { image, pods } = done;
      this.#cached(this.#nodes.all[node]!, image, images.cached.get(image) ?? 0);
      for (const pod of pods) this.#pulled(pod);
    }
    this.#expect(node, images);
  }
}
