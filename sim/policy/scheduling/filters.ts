import { type NodeEntry, nominatedRequests, type SchedulingCluster } from "./schedulingCluster.ts";
import {
  matchesNodeAffinity,
  matchesSelector,
  termSelects,
  tolerates,
  untoleratedTaint,
} from "./selectors.ts";
import type { PendingPod, PodAffinityTerm, PodSchedulingSpec, Taint } from "./spec.ts";
import {
  countInDomains,
  type DomainCounts,
  hasTopologies,
  isIncluded,
  type Spread,
  spreadPods,
  spreadsOf,
} from "./topology.ts";

/** Why a node will not do, in Kubernetes' words, and whether evicting pods from it could help. */
export interface Rejection {
  readonly reasons: readonly string[];
  readonly isResolvable: boolean;
}

const rejection = (reason: string, isResolvable: boolean): Rejection => ({
  reasons: [reason],
  isResolvable,
});

const UNSCHEDULABLE_TAINT: Taint = {
  key: "node.kubernetes.io/unschedulable",
  effect: "NoSchedule",
};
const CORDONED = rejection("node(s) were unschedulable", false);
const NODE_AFFINITY = rejection("node(s) didn't match Pod's node affinity/selector", false);
const SPREAD_LABEL = rejection(
  "node(s) didn't match pod topology spread constraints (missing required label)",
  false,
);
const SPREAD = rejection("node(s) didn't match pod topology spread constraints", true);
const POD_AFFINITY = rejection("node(s) didn't match pod affinity rules", false);
const POD_ANTI_AFFINITY = rejection("node(s) didn't match pod anti-affinity rules", true);
const EXISTING_ANTI_AFFINITY = rejection(
  "node(s) didn't satisfy existing pods anti-affinity rules",
  true,
);

interface SpreadCounts extends Spread {
  readonly counts: DomainCounts;
  /** Pods in the domain that has fewest. */
  readonly minimum: number;
  /** The pod counts itself. */
  readonly self: 0 | 1;
}

interface TermCounts {
  readonly topologyKey: string;
  readonly counts: DomainCounts;
}

/**
 * kube-scheduler's filters, in its order: NodeUnschedulable, TaintToleration, NodeAffinity,
 * NodeResourcesFit, PodTopologySpread, InterPodAffinity; the first that fails gives the reason. The
 * counts over the cluster are taken once, when the object is made: it holds until pods change.
 * Pods nominated for a node count for its resources only.
 * Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
 */
export class NodeFilters {
  readonly #pod: PendingPod;
  readonly #spreads: readonly SpreadCounts[];
  readonly #affinity: readonly TermCounts[];
  readonly #antiAffinity: readonly TermCounts[];
  readonly #existingAntiAffinity: readonly TermCounts[];
  /** It is the first of pods that want each other's company. */
  readonly #isFirst: boolean;

  constructor(pod: PendingPod, cluster: SchedulingCluster) {
    const { spec } = pod;
    this.#pod = pod;
    this.#spreads = countSpreads(spec, cluster);
    const terms = requiredTerms(spec, "podAffinity");
    this.#affinity = countAffinity(spec, terms, cluster);
    this.#antiAffinity = requiredTerms(spec, "podAntiAffinity").map((term) =>
      countTerm(spec, term, cluster),
    );
    this.#existingAntiAffinity = countExisting(spec, cluster);
    this.#isFirst =
      this.#affinity.every(({ counts }) => counts.size === 0) &&
      terms.every((term) => termSelects(term, spec, spec));
  }

  /** Whether pods elsewhere in the cluster have a say, and not only those on the node. */
  get isTopological(): boolean {
    const lists = [this.#spreads, this.#affinity, this.#antiAffinity, this.#existingAntiAffinity];
    return lists.some((list) => list.length > 0);
  }

  /** Why the pod cannot go to the node; null when it can. */
  reject(entry: NodeEntry): Rejection | null {
    return (
      this.#rejectNode(entry) ??
      this.#rejectResources(entry) ??
      this.#rejectSpread(entry) ??
      this.#rejectAffinity(entry)
    );
  }

  #rejectNode({ node }: NodeEntry): Rejection | null {
    const { spec } = this.#pod;
    const isTolerated = (taint: Taint): boolean =>
      spec.tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false;
    if (node.unschedulable && !isTolerated(UNSCHEDULABLE_TAINT)) return CORDONED;
    const taint = untoleratedTaint(node, spec.tolerations);
    if (taint !== undefined) {
      const shown = `{${taint.key}: ${taint.value ?? ""}}`;
      return rejection(`node(s) had untolerated taint ${shown}`, false);
    }
    return matchesNodeAffinity(spec, node) ? null : NODE_AFFINITY;
  }

  #rejectResources(entry: NodeEntry): Rejection | null {
    const { cpuMillicores, memoryBytes } = this.#pod.spec.requests;
    const { allocatable } = entry.node;
    const nominated = nominatedRequests(entry, this.#pod);
    const cpuLeft = allocatable.cpuMillicores - entry.cpuMillicores - nominated.cpuMillicores;
    const memoryLeft = allocatable.memoryBytes - entry.memoryBytes - nominated.memoryBytes;
    const lacksPods = entry.pods.size + nominated.pods >= allocatable.pods;
    const lacksCpu = cpuMillicores > 0 && cpuMillicores > cpuLeft;
    const lacksMemory = memoryBytes > 0 && memoryBytes > memoryLeft;
    if (!lacksPods && !lacksCpu && !lacksMemory) return null;
    const reasons = [
      ...(lacksPods ? ["Too many pods"] : []),
      ...(lacksCpu ? ["Insufficient cpu"] : []),
      ...(lacksMemory ? ["Insufficient memory"] : []),
    ];
    // A pod that would not fit on the empty node gains nothing by evictions.
    const isResolvable =
      allocatable.pods > 0 &&
      cpuMillicores <= allocatable.cpuMillicores &&
      memoryBytes <= allocatable.memoryBytes;
    return { reasons, isResolvable };
  }

  #rejectSpread({ node }: NodeEntry): Rejection | null {
    for (const { constraint, counts, minimum, self } of this.#spreads) {
      const domain = node.labels[constraint.topologyKey];
      if (domain === undefined) return SPREAD_LABEL;
      const skew = (counts.get(domain) ?? 0) + self - minimum;
      if (skew > constraint.maxSkew) return SPREAD;
    }
    return null;
  }

  #rejectAffinity({ node }: NodeEntry): Rejection | null {
    const countAt = ({ topologyKey, counts }: TermCounts): number | undefined => {
      const domain = node.labels[topologyKey];
      return domain === undefined ? undefined : (counts.get(domain) ?? 0);
    };
    const found = this.#affinity.map(countAt);
    const isTogether = found.every((count) => count !== undefined && count > 0);
    if (!isTogether && (!this.#isFirst || found.includes(undefined))) return POD_AFFINITY;
    const isAvoided = (term: TermCounts): boolean => (countAt(term) ?? 0) > 0;
    if (this.#antiAffinity.some(isAvoided)) return POD_ANTI_AFFINITY;
    return this.#existingAntiAffinity.some(isAvoided) ? EXISTING_ANTI_AFFINITY : null;
  }
}

function countSpreads(spec: PodSchedulingSpec, cluster: SchedulingCluster): SpreadCounts[] {
  const spreads = spreadsOf(spec, "DoNotSchedule");
  return spreads.map((spread) => {
    const { constraint, selector } = spread;
    const pods = spreadPods(cluster, spec, selector);
    const counts: DomainCounts = new Map();
    for (const entry of cluster.nodes) {
      if (!hasTopologies(entry, spreads) || !isIncluded(constraint, spec, entry)) continue;
      const domain = entry.node.labels[constraint.topologyKey]!;
      counts.set(domain, (counts.get(domain) ?? 0) + (pods.get(entry) ?? 0));
    }
    const isShort = counts.size < (constraint.minDomains ?? 1);
    let minimum = isShort ? 0 : Number.POSITIVE_INFINITY;
    for (const count of counts.values()) minimum = Math.min(minimum, count);
    return { ...spread, counts, minimum, self: matchesSelector(selector, spec.labels) ? 1 : 0 };
  });
}

/** Pods count for affinity when they match every term: one pod must satisfy all of them. */
function countAffinity(
  spec: PodSchedulingSpec,
  terms: readonly PodAffinityTerm[],
  cluster: SchedulingCluster,
): readonly TermCounts[] {
  const counted = terms.map(({ topologyKey }) => ({ topologyKey, counts: new Map() }));
  if (terms.length === 0) return counted;
  for (const group of cluster.groups) {
    if (!terms.every((term) => termSelects(term, spec, group.spec))) continue;
    for (const { topologyKey, counts } of counted) {
      countInDomains(counts, topologyKey, group.counts);
    }
  }
  return counted;
}

function countTerm(
  spec: PodSchedulingSpec,
  term: PodAffinityTerm,
  cluster: SchedulingCluster,
): TermCounts {
  const counts: DomainCounts = new Map();
  for (const group of cluster.groups) {
    if (termSelects(term, spec, group.spec)) {
      countInDomains(counts, term.topologyKey, group.counts);
    }
  }
  return { topologyKey: term.topologyKey, counts };
}

/** Where pods are that do not want this one near them. */
function countExisting(spec: PodSchedulingSpec, cluster: SchedulingCluster): readonly TermCounts[] {
  const found: TermCounts[] = [];
  for (const group of cluster.groups) {
    for (const term of requiredTerms(group.spec, "podAntiAffinity")) {
      if (!termSelects(term, group.spec, spec)) continue;
      const counts: DomainCounts = new Map();
      countInDomains(counts, term.topologyKey, group.counts);
      found.push({ topologyKey: term.topologyKey, counts });
    }
  }
  return found;
}

const NO_TERMS: readonly PodAffinityTerm[] = [];

const requiredTerms = (
  spec: PodSchedulingSpec,
  kind: "podAffinity" | "podAntiAffinity",
): readonly PodAffinityTerm[] =>
  spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? NO_TERMS;
