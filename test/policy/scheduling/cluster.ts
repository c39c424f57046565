import { seconds, ZERO } from "../../../sim/kernel/time.ts";
import type {
  BoundPod,
  Labels,
  PendingPod,
  PodSchedulingSpec,
  SchedulingNode,
} from "../../../sim/policy/scheduling/spec.ts";
import { HOSTNAME_LABEL, ZONE_LABEL } from "../../../sim/policy/scheduling/spec.ts";

const GIB = 1024 ** 3;

interface NodeSketch extends Partial<Omit<SchedulingNode, "allocatable">> {
  readonly zone?: string;
  readonly cpu?: number;
  readonly gib?: number;
  readonly pods?: number;
}

/** A node of 4 cores and 16 Gi for 110 pods in zone a, unless its sketch says otherwise. */
export function node(name: string, sketch: NodeSketch = {}): SchedulingNode {
  const { zone = "a", cpu = 4000, gib = 16, pods = 110, labels = {}, ...rest } = sketch;
  return {
    name,
    labels: { [HOSTNAME_LABEL]: name, [ZONE_LABEL]: zone, ...labels },
    taints: [],
    unschedulable: false,
    ...rest,
    allocatable: { cpuMillicores: cpu, memoryBytes: gib * GIB, pods },
  };
}

interface SpecSketch extends Partial<Omit<PodSchedulingSpec, "requests">> {
  readonly cpu?: number;
  readonly gib?: number;
}

/** A pod of one core and 1 Gi with the label app=web, unless its sketch says otherwise. */
export function spec({ cpu = 1000, gib = 1, ...rest }: SpecSketch = {}): PodSchedulingSpec {
  const requests = { cpuMillicores: cpu, memoryBytes: gib * GIB };
  return { labels: { app: "web" }, ...rest, requests };
}

export const pending = (sketch: SpecSketch = {}, name = "new"): PendingPod => ({
  name,
  spec: spec(sketch),
});

interface BoundSketch extends SpecSketch {
  readonly startSeconds?: number;
  readonly terminating?: boolean;
}

export function bound(name: string, on: string, sketch: BoundSketch = {}): BoundPod {
  const { startSeconds, terminating = false, ...rest } = sketch;
  const startTime = startSeconds === undefined ? ZERO : seconds(startSeconds);
  return { name, spec: spec(rest), node: on, startTime, terminating };
}

export const selects = (matchLabels: Labels) => ({ matchLabels });
