import {
  assumedCpu,
  assumedMemory,
  type NodeEntry,
  type SchedulingCluster,
} from "./schedulingCluster.ts";
import { matchesNodeTerm, termSelects, tolerates } from "./selectors.ts";
import type {
  PodAffinity,
  PodAffinityTerm,
  PodSchedulingSpec,
  WeightedPodAffinityTerm,
} from "./spec.ts";
import { MAX_NODE_SCORE, spreadScores } from "./spreadScores.ts";
import { countInDomains, type DomainCounts } from "./topology.ts";

/**
 * Weights of the default plugins. Left out are the plugins for what is not modelled: volumes and
 * dynamic resources.
 * Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins and the
 * default plugins of kubernetes/kubernetes, pkg/scheduler/apis/config/v1.
 */
export const SCORE_WEIGHTS = {
  TaintToleration: 3,
  NodeAffinity: 2,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  NodeResourcesFit: 1,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
} as const;

export type ScorePlugin = keyof typeof SCORE_WEIGHTS;

const PLUGINS: readonly ScorePlugin[] = [
  "TaintToleration",
  "NodeAffinity",
  "PodTopologySpread",
  "InterPodAffinity",
  "NodeResourcesFit",
  "NodeResourcesBalancedAllocation",
  "ImageLocality",
];

/**
 * Scores of the nodes, in their order: whole numbers from 0 to 100, as all plugins of Kubernetes.
 * Null where the pod gives the plugin nothing to say: all nodes have 0.
 */
type Scorer = (
  spec: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
) => readonly number[] | null;

const SCORERS: Readonly<Record<ScorePlugin, Scorer>> = {
  TaintToleration: (spec, nodes) => {
    const { tolerations = [] } = spec;
    const unwanted = nodes.map(({ node }) => {
      let count = 0;
      for (const taint of node.taints) {
        if (taint.effect !== "PreferNoSchedule") continue;
        if (!tolerations.some((toleration) => tolerates(toleration, taint))) count++;
      }
      return count;
    });
    return shares(unwanted).map((share) => MAX_NODE_SCORE - share);
  },
  NodeAffinity: (spec, nodes) => {
    const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (preferred === undefined) return null;
    const wanted = nodes.map(({ node }) =>
      preferred.reduce(
        (sum, { weight, preference }) => (matchesNodeTerm(preference, node) ? sum + weight : sum),
        0,
      ),
    );
    return shares(wanted);
  },
  PodTopologySpread: spreadScores,
  InterPodAffinity: affinityScores,
  NodeResourcesFit: (spec, nodes) => nodes.map((entry) => leastAllocated(spec, entry)),
  NodeResourcesBalancedAllocation: (spec, nodes) =>
    nodes.map((entry) => balancedAllocation(spec, entry)),
  ImageLocality: imageLocality,
};

/** What each plugin gives each node, normalised and not yet weighted. */
export function scoresByPlugin(
  spec: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
): ReadonlyMap<ScorePlugin, readonly number[]> {
  const scores = PLUGINS.flatMap((plugin) => {
    const given = SCORERS[plugin](spec, nodes, cluster);
    return given === null ? [] : [[plugin, given] as const];
  });
  return new Map(scores);
}

/** Weighted sums, in the nodes' order. */
export function totalScores(
  spec: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
): ArrayLike<number> {
  const totals = new Float64Array(nodes.length);
  for (const [plugin, scores] of scoresByPlugin(spec, nodes, cluster)) {
    const weight = SCORE_WEIGHTS[plugin];
    for (let i = 0; i < totals.length; i++) totals[i]! += weight * scores[i]!;
  }
  return totals;
}

/** Of the largest, in percent. */
function shares(values: readonly number[]): readonly number[] {
  const most = values.reduce((max, value) => Math.max(max, value), 0);
  if (most === 0) return values.map(() => 0);
  return values.map((value) => Math.floor((MAX_NODE_SCORE * value) / most));
}

/** LeastAllocated: the free share after the pod, mean over cpu and memory. */
function leastAllocated(spec: PodSchedulingSpec, entry: NodeEntry): number {
  const { allocatable } = entry.node;
  const cpu = freeShare(allocatable.cpuMillicores, entry.assumedCpuMillicores + assumedCpu(spec));
  const memory = freeShare(allocatable.memoryBytes, entry.assumedMemoryBytes + assumedMemory(spec));
  // A resource that the node does not have is left out of the mean.
  if (cpu === null || memory === null) return cpu ?? memory ?? 0;
  return Math.floor((cpu + memory) / 2);
}

function freeShare(allocatable: number, requested: number): number | null {
  if (allocatable === 0) return null;
  if (requested > allocatable) return 0;
  return Math.floor(((allocatable - requested) * MAX_NODE_SCORE) / allocatable);
}

/**
 * 1 − σ of the used shares of cpu and memory, of which there are two: σ is half their difference.
 * Pods that request nothing are not scored, or they would all go to the most even node.
 */
function balancedAllocation(spec: PodSchedulingSpec, entry: NodeEntry): number {
  const { requests } = spec;
  if (requests.cpuMillicores === 0 && requests.memoryBytes === 0) return 0;
  const { allocatable } = entry.node;
  if (allocatable.cpuMillicores === 0 || allocatable.memoryBytes === 0) return MAX_NODE_SCORE;
  const used = (requested: number, all: number): number => Math.min(1, requested / all);
  const cpu = used(entry.cpuMillicores + requests.cpuMillicores, allocatable.cpuMillicores);
  const memory = used(entry.memoryBytes + requests.memoryBytes, allocatable.memoryBytes);
  return Math.floor((1 - Math.abs((cpu - memory) / 2)) * MAX_NODE_SCORE);
}

const MEGABYTE = 1024 * 1024;
/** Images smaller than this, in all, make no difference; larger ones than that no more of one. */
const MIN_IMAGE_BYTES = 23 * MEGABYTE;
const MAX_IMAGE_BYTES = 1000 * MEGABYTE;

/**
 * Bytes of the pod's images that are there, each scaled by the share of the nodes that have it, so
 * that one node with the image does not draw all pods.
 */
function imageLocality(
  { images = [] }: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
): readonly number[] | null {
  if (images.length === 0) return null;
  const all = cluster.nodes.length;
  const values = images.map((name) => {
    const image = cluster.image(name);
    return image === undefined ? 0 : Math.floor(image.bytes * (image.nodes / all));
  });
  const most = MAX_IMAGE_BYTES * images.length;
  return nodes.map((entry) => {
    const bytes = images.reduce(
      (sum, name, index) => (entry.images.has(name) ? sum + values[index]! : sum),
      0,
    );
    const clamped = Math.min(most, Math.max(MIN_IMAGE_BYTES, bytes));
    return Math.floor((MAX_NODE_SCORE * (clamped - MIN_IMAGE_BYTES)) / (most - MIN_IMAGE_BYTES));
  });
}

/** `hardPodAffinityWeight`: what a required affinity of a bound pod weighs for newcomers. */
const HARD_AFFINITY_WEIGHT = 1;

/**
 * Preferred affinities of the pod towards those that are there, and theirs towards it; then spread
 * from the least to the greatest sum over 0 … 100.
 */
function affinityScores(
  spec: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
): readonly number[] | null {
  const weights = new Map<string, DomainCounts>();
  const own = preferences(spec);
  for (const group of cluster.groups) {
    const add = (topologyKey: string, weight: number): void => {
      const counts = weights.get(topologyKey) ?? new Map<string, number>();
      weights.set(topologyKey, counts);
      countInDomains(counts, topologyKey, group.counts, weight);
    };
    for (const { term, weight } of own) {
      if (termSelects(term, spec, group.spec)) add(term.topologyKey, weight);
    }
    for (const { term, weight } of [...hardPreferences(group.spec), ...preferences(group.spec)]) {
      if (termSelects(term, group.spec, spec)) add(term.topologyKey, weight);
    }
  }
  if (weights.size === 0) return null;
  const sums = nodes.map(({ node }) => {
    let sum = 0;
    for (const [topologyKey, counts] of weights) {
      const domain = node.labels[topologyKey];
      if (domain !== undefined) sum += counts.get(domain) ?? 0;
    }
    return sum;
  });
  return overRange(sums);
}

function overRange(values: readonly number[]): readonly number[] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (!(most > least)) return values.map(() => 0);
  return values.map((value) => Math.floor((MAX_NODE_SCORE * (value - least)) / (most - least)));
}

interface Preference {
  readonly term: PodAffinityTerm;
  readonly weight: number;
}

const NONE: readonly Preference[] = [];

function preferences({ affinity }: PodSchedulingSpec): readonly Preference[] {
  if (affinity === undefined) return NONE;
  const { podAffinity, podAntiAffinity } = affinity;
  return [...weighted(podAffinity, 1), ...weighted(podAntiAffinity, -1)];
}

const weighted = (affinity: PodAffinity | undefined, sign: 1 | -1): readonly Preference[] =>
  (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
    ({ weight, podAffinityTerm }: WeightedPodAffinityTerm) => ({
      term: podAffinityTerm,
      weight: sign * weight,
    }),
  );

const hardPreferences = ({ affinity }: PodSchedulingSpec): readonly Preference[] =>
  affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map((term) => ({
    term,
    weight: HARD_AFFINITY_WEIGHT,
  })) ?? NONE;
