import { callGraph, comesToAnEnd } from "../../dataplane/callplan/callGraph.ts";
import type { ServiceSpec } from "../../dataplane/serviceSpec.ts";
import type { Path } from "../tree.ts";
import type { Context, Edge } from "./context.ts";

/** Calls that come back to where they started. */
interface Circle {
  /** Endpoints, the first one not again at the end. */
  readonly nodes: readonly string[];
  /** The call that closes it. */
  readonly path: Path;
}

/**
 * Reports calls that come back to where they started and never end. With a probability to get out
 * (`choose`), they are the feedback of a queueing network: each request goes round so many times,
 * and ends.
 */
export function reportCircles(context: Context, services: readonly ServiceSpec[]): void {
  const circles = circlesOf(context.edges);
  const graph = callGraph(services);
  if (circles.length === 0 || comesToAnEnd(graph)) return;
  const numberOf = (id: string): number => graph.findIndex((node) => node.id === id);
  // Two circles that end each by itself may not end together: then all are told.
  const endless = circles.filter(({ nodes }) => !comesToAnEnd(graph, nodes.map(numberOf)));
  for (const { nodes, path } of endless.length > 0 ? endless : circles) {
    const way = [...nodes, nodes[0]].join(" → ");
    const hint = "a request would never end: let a choose with less than 100 % lead back";
    context.atValue(path, `these calls go round in a circle: ${way}`, hint);
  }
}

/** Depth first in the order of the file. */
function circlesOf(edges: readonly Edge[]): readonly Circle[] {
  const outgoing = new Map<string, Edge[]>();
  for (const edge of edges) {
    outgoing.set(edge.from, [...(outgoing.get(edge.from) ?? []), edge]);
  }
  const circles: Circle[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (node: string): void => {
    if (done.has(node)) return;
    trail.push(node);
    for (const { to, path } of outgoing.get(node) ?? []) {
      const start = trail.indexOf(to);
      if (start < 0) visit(to);
      else circles.push({ nodes: trail.slice(start), path });
    }
    trail.pop();
    done.add(node);
  };
  for (const node of outgoing.keys()) visit(node);
  return circles;
}
