import type { Fault } from "../control/fault.ts";
import type { ControlEvent, Platform } from "../control/platform.ts";
import { assert } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type { AutoscalerObservation, PodObservation } from "../policy/autoscaler.ts";
import type { NodeAutoscalerObservation, NodeRemoval } from "../policy/nodeAutoscaler.ts";
import type { RolloutObservation, RouteRule, ScaleSelector } from "../policy/rollout.ts";
import type {
  DeploymentObservation,
  DeploymentWrite,
} from "../policy/rollouts/deployment/contract.ts";
import type {
  StatefulSetObservation,
  StatefulSetWrite,
} from "../policy/rollouts/statefulSet/contract.ts";
import { ClusterNodes } from "./clusterNodes.ts";
import { ClusterPods, isManaged } from "./clusterPods.ts";
import { type ClusterSpec, requestsOf, sidecarUse, zonesOf } from "./clusterSpec.ts";
import type { DataPlane, DataPlaneListener } from "./dataPlane.ts";
import { type DatastoreSpec, Datastores } from "./datastores.ts";
import { FaultInjector } from "./faultInjector.ts";
import { podPhase } from "./kubeletStatus.ts";
import { Metrics } from "./metrics.ts";
import { NodeContention } from "./nodeContention.ts";
import type { Node } from "./nodes.ts";
import { exists, isActive, isListening, type Pod } from "./pod.ts";
import { PodLifecycle } from "./podLifecycle.ts";
import { PodUse } from "./podUse.ts";
import { ReplicaSets } from "./replicaSets.ts";
import { ReplicaUsage, type WorkloadUsage } from "./replicaUsage.ts";
import { Revisions } from "./revisions.ts";
import { StatefulSets } from "./statefulSets.ts";
import {
  newWorkload,
  observeDeployment,
  replicaSetOf,
  revisionIndex,
  scaledRevision,
  type Workload,
  wantedReplicas,
  workloadIndex,
} from "./workload.ts";

/** A service as the cluster needs to know it: its number is its place in the list. */
export interface ClusterService {
  readonly name: string;
  readonly kind: "service" | "datastore";
  readonly endpoints: readonly string[];
  readonly revisions: readonly string[];
  /** Servers of a datastore, which runs outside of the cluster. */
  readonly servers: number;
  /** Null for one server that never dies, and for services. */
  readonly datastore: DatastoreSpec | null;
}

export interface TimedEvent extends ControlEvent {
  readonly time: number;
}

export interface ClusterParts {
  readonly simulation: Simulation;
  readonly draws: KeyedDraws;
  readonly spec: ClusterSpec;
  readonly services: readonly ClusterService[];
  readonly plane: DataPlane;
}

/**
 * The simulated Platform: Deployments, ReplicaSets of revisions, pods on nodes, the metrics
 * pipeline and faults, over any data plane. What controllers ask for is taken note of at once and
 * comes about through events.
 */
export class SimulatedCluster implements Platform, DataPlaneListener {
  readonly #simulation: Simulation;
  readonly #services: readonly ClusterService[];
  readonly #plane: DataPlane;
  readonly #nodes: ClusterNodes;
  readonly #zones: readonly { readonly zone: string; readonly region: string }[];
  readonly #pods: ClusterPods;
  readonly #workloads: readonly Workload[];
  readonly #lifecycle: PodLifecycle;
  readonly #contention: NodeContention;
  readonly #replicaSets: ReplicaSets;
  readonly #statefulSets: StatefulSets;
  readonly #revisions: Revisions;
  /** By workload: controllers that want to hear of changes. */
  readonly #watchers: (() => void)[][];
  readonly #metrics: Metrics;
  readonly #datastores: Datastores;
  readonly #faults: FaultInjector;
  readonly #usage: ReplicaUsage;
  /** What pods have used so far. */
  readonly use: PodUse;
  /** While the first pods are put up nobody looks whether there are enough. */
  #started = false;
  #events: TimedEvent[] = [];

  constructor(parts: ClusterParts) {
    this.#simulation = parts.simulation;
    this.#services = parts.services;
    this.#plane = parts.plane;
    this.#zones = zonesOf(parts.spec);
    this.#workloads = parts.spec.workloads.map((spec) => {
      const service = parts.services.findIndex((candidate) => candidate.name === spec.name);
      assert(service >= 0, `no service ${spec.name}`);
      return newWorkload(spec, service, parts.services[service]!.revisions);
    });
    this.#watchers = this.#workloads.map(() => []);
    this.#pods = new ClusterPods(this.#workloads.length, parts.simulation);
    this.#usage = new ReplicaUsage(this.#workloads.length, parts.simulation);
    this.#nodes = this.#newNodes(parts);
    this.#lifecycle = new PodLifecycle({
      simulation: parts.simulation,
      draws: parts.draws,
      nodes: this.#nodes,
      plane: parts.plane,
      pods: this.#pods.all,
      workloads: this.#workloads,
      spec: parts.spec,
      zoneOf: (node) => this.#zoneOf(node),
      events: {
        endpointsChanged: (workload) => this.#refreshEndpoints(workload),
        podChanged: (pod) => this.#changed(pod.workload),
        podGone: (pod) => this.#podGone(pod),
        podUsesCpu: (pod, uses) => this.#podUsesCpu(pod, uses),
        podEvent: (pod, reason, message) => this.#podEvent(pod, reason, message),
      },
    });
    this.use = new PodUse({
      pods: this.#pods.all,
      meter: this.#lifecycle,
      clock: parts.simulation,
    });
    this.#contention = new NodeContention({
      simulation: parts.simulation,
      cpu: this.#lifecycle,
      allocatable: (node) => this.#nodes.all[node]!.spec.cpuMillicores,
      interval: parts.spec.contentionInterval,
    });
    this.#replicaSets = new ReplicaSets({
      simulation: parts.simulation,
      pods: this.#pods.present,
      phaseOf: podPhase,
      deletionCost: (pod) => this.#deletionCost(pod),
      create: (workload, revision) => this.#lifecycle.create(this.#newPod(workload, revision)),
      delete: (pod) => this.#lifecycle.delete(pod),
      available: (workload) => this.#changed(workload),
    });
    this.#statefulSets = this.#newStatefulSets();
    this.#metrics = this.#newMetrics(parts);
    this.#datastores = new Datastores({
      ...parts,
      newPod: (service) => this.#pods.createServer(service),
    });
    this.#faults = this.#newFaults(parts);
    this.#revisions = this.#newRevisions();
    parts.plane.attach(this);
  }

  /**
   * Everything that is there when the run begins: datastores, and the Deployments' replicas, ready.
   * Usage is scraped when somebody is going to look at it.
   */
  start({ scrapes }: { readonly scrapes: boolean }): void {
    for (const workload of this.#workloads.keys()) {
      const { spec } = this.#workloads[workload]!;
      for (let i = 0; i < spec.replicas; i++) {
        const podIndex = spec.statefulSet === undefined ? null : i;
        const pod = this.#newPod(workload, 0, podIndex);
        this.#lifecycle.createReady(pod);
        if (pod.node !== null) this.#usage.placed(workload, false);
      }
    }
    this.#started = true;
    this.#workloads.forEach((_, workload) => {
      this.#changed(workload);
    });
    this.#services.forEach((service, index) => {
      if (service.kind !== "datastore") return;
      this.#datastores.start(index, service.servers, service.datastore);
    });
    if (scrapes) this.#metrics.start();
  }

  // ---- Platform ------------------------------------------------------------------------

  /**
   * A Deployment's controller passes it on, a rollout under way shares it out; without either it
   * is the stable revision's number.
   */
  scale(name: string, replicas: number): void {
    this.#changeSpec(name, (workload, index) => {
      workload.replicas = replicas;
      if (this.#watchers[index]!.length > 0 || workload.rollout !== null) return;
      const set = replicaSetOf(workload, workload.stable);
      set.spec = { ...set.spec, replicas };
    });
  }

  watch(name: string, changed: () => void): void {
    this.#watchers[workloadIndex(this.#workloads, name)]!.push(changed);
  }

  setTemplate(name: string, revision: string): void {
    this.#changeSpec(name, (workload) => {
      workload.template = revisionIndex(workload, revision);
    });
  }

  setPaused(name: string, paused: boolean): void {
    this.#changeSpec(name, (workload) => {
      workload.paused = paused;
    });
  }

  observeDeployment(name: string): DeploymentObservation {
    const index = workloadIndex(this.#workloads, name);
    return observeDeployment(this.#workloads[index]!, (revision) => {
      const mine = (pod: Pod): boolean => pod.workload === index && pod.revision === revision;
      return this.#pods.present.filter((pod) => mine(pod) && exists(pod)).length;
    });
  }

  writeReplicaSets(name: string, writes: readonly DeploymentWrite[]): void {
    const index = workloadIndex(this.#workloads, name);
    const workload = this.#workloads[index]!;
    for (const write of writes) {
      if (write.kind === "status") continue;
      const revision = revisionIndex(workload, write.template);
      if (write.kind === "delete") {
        const place = workload.replicaSets.findIndex((set) => set.revision === revision);
        workload.replicaSets.splice(place, 1);
      } else replicaSetOf(workload, revision).spec = write.spec;
    }
    this.#replicaSets.settle(workload, index);
  }

  observeStatefulSet(name: string): StatefulSetObservation {
    return this.#statefulSets.observe(this.#workload(name), workloadIndex(this.#workloads, name));
  }

  writeStatefulSet(name: string, writes: readonly StatefulSetWrite[]): void {
    const index = workloadIndex(this.#workloads, name);
    this.#statefulSets.write(this.#workloads[index]!, index, writes);
    this.#changed(index);
  }

  observeWorkload(name: string): AutoscalerObservation {
    const index = workloadIndex(this.#workloads, name);
    const workload = this.#workloads[index]!;
    const only = scaledRevision(workload);
    const listed = this.#pods.present.filter(
      (pod) => pod.workload === index && (only === null || pod.revision === only) && exists(pod),
    );
    const names = new Set(listed.map((pod) => this.#podName(pod)));
    return {
      specReplicas: workload.replicas,
      // A StatefulSet counts its pods until they are gone.
      statusReplicas: workload.spec.statefulSet ? listed.length : listed.filter(isActive).length,
      pods: listed.map((pod) => this.#observePod(pod)),
      ...this.#metrics.observe(names),
    };
  }

  startRevision(name: string, revision: string, selector: ScaleSelector): void {
    this.#revisions.start(name, revision, selector);
  }

  scaleRevision(name: string, revision: string, replicas: number): void {
    this.#revisions.scale(name, revision, replicas);
  }

  setRoutes(name: string, routes: readonly RouteRule[]): void {
    this.#revisions.setRoutes(name, routes);
  }

  resetRevisionCounters(name: string): void {
    this.#revisions.resetCounters(name);
  }

  promoteRevision(name: string, revision: string): void {
    this.#revisions.promote(name, revision);
  }

  removeRevision(name: string, revision: string): void {
    this.#revisions.remove(name, revision);
  }

  observeRollout(
    name: string,
    canary: string,
    windows: readonly Micros[] = [],
  ): RolloutObservation {
    return this.#revisions.observe(name, canary, windows);
  }

  observeNodes(): NodeAutoscalerObservation {
    return this.#nodes.observe();
  }

  addNodes(pool: string, count: number): void {
    this.#nodes.add(pool, count);
  }

  cancelNodes(pool: string, count: number): void {
    this.#nodes.cancel(pool, count);
  }

  removeNodes(removals: readonly NodeRemoval[]): void {
    this.#nodes.remove(removals);
  }

  injectFault(fault: Fault): void {
    const { effect, scope, name } = fault;
    if (effect.kind === "drain") this.#nodes.drain(scope.node ?? "", name);
    else if (effect.kind === "node-down") this.#nodes.takeDown(scope.node ?? "");
    else this.#faults.inject(fault);
  }

  clearFault(fault: Fault): void {
    const { effect, scope, name } = fault;
    if (effect.kind === "drain") this.#nodes.callOffDrain(scope.node ?? "", name);
    else if (effect.kind === "node-down") this.#nodes.bringBack(scope.node ?? "");
    else this.#faults.clear(fault);
  }

  record(event: ControlEvent): void {
    const { now } = this.#simulation;
    this.#events.push({ time: now, ...event });
    const line = `${event.controller} ${event.subject} ${event.reason} ${event.from} ${event.to}`;
    this.#simulation.digest.addText(now, line);
  }

  // ---- what the result needs -----------------------------------------------------------

  get events(): readonly TimedEvent[] {
    return this.#events;
  }

  get pods(): readonly Pod[] {
    return this.#pods.all;
  }

  get workloads(): readonly Workload[] {
    return this.#workloads;
  }

  replicaCounts(workload: number): { wanted: number; created: number; ready: number } {
    return { wanted: wantedReplicas(this.#workloads[workload]!), ...this.#pods.counts(workload) };
  }

  /** Every node that there is or was, by number. */
  get nodes(): readonly Node[] {
    return this.#nodes.all;
  }

  /** Time that nodes have been billed for, in microseconds. */
  get nodeMicros(): number {
    return this.#nodes.nodeMicros;
  }

  /** Drains that disruption budgets kept from emptying their nodes. */
  get blockedDrains(): ClusterNodes["blockedDrains"] {
    return this.#nodes.blockedDrains;
  }

  /** Starts the bill anew: the warm-up is over. */
  resetUsage(): void {
    this.#nodes.resetUsage();
    this.#usage.reset();
    this.#events = this.#events.filter((event) => event.time >= this.#simulation.now);
    this.#nodes.scheduler.tellWaiting();
  }

  usage(workload: number): WorkloadUsage {
    return this.#usage.of(workload);
  }

  drained(replica: number): void {
    this.#lifecycle.drained(replica);
  }

  probed(replica: number, token: number, ok: boolean): void {
    this.#lifecycle.probed(replica, token, ok);
  }

  outOfMemory(replica: number): void {
    this.#lifecycle.outOfMemory(replica);
  }

  heard(replica: number): void {
    const pod = this.#pods.all[replica]!;
    if (isActive(pod)) pod.callersAt ??= this.#simulation.now;
  }

  state(): Json {
    return plainState({
      pods: this.#pods.all,
      workloads: this.#workloads.map(
        ({ spec, service, revisions, templates, ...changing }) => changing,
      ),
      nodes: this.#nodes.state(),
      metrics: this.#metrics.state(),
      usage: this.#usage.state(),
      events: this.#events,
      datastores: this.#datastores.state(),
      faults: this.#faults.state(),
      contention: this.#contention.state(),
    });
  }

  restore(state: Json): void {
    const saved = savedState<ClusterState>(state);
    this.#pods.restore(saved.pods);
    saved.workloads.forEach((from, index) => {
      const workload = this.#workloads[index]!;
      const { replicaSets, ...rest } = from;
      Object.assign(workload, rest);
      const copies = replicaSets.map((set) => ({ ...set }));
      workload.replicaSets.splice(0, Number.POSITIVE_INFINITY, ...copies);
    });
    this.#nodes.restore(saved.nodes);
    this.#metrics.restore(saved.metrics);
    this.#usage.restore(saved.usage);
    this.#events = [...saved.events];
    this.#datastores.restore(saved.datastores, (service) => this.#services[service]!.datastore);
    this.#faults.restore(saved.faults);
    this.#contention.restore(saved.contention);
    this.#started = true;
  }

  // ---- ReplicaSets, StatefulSets ------------------------------------------------------

  /** A change of the spec of a Deployment or StatefulSet, of which its controllers hear. */
  #changeSpec(name: string, change: (workload: Workload, index: number) => void): void {
    const index = workloadIndex(this.#workloads, name);
    const workload = this.#workloads[index]!;
    change(workload, index);
    workload.generation++;
    this.#changed(index);
  }

  /** Brings a workload's ReplicaSets to rest, and lets its controllers look. */
  #changed(workload: number): void {
    if (workload < 0 || !this.#started) return;
    this.#replicaSets.settle(this.#workloads[workload]!, workload);
    for (const changed of this.#watchers[workload]!) changed();
    this.#refreshEndpoints(workload);
  }

  #newNodes(parts: ClusterParts): ClusterNodes {
    return new ClusterNodes({
      ...parts,
      pods: this.#pods.all,
      workloads: this.#workloads,
      podName: (pod) => this.#podName(pod),
      events: {
        bound: (pod, waited) => {
          this.#usage.placed(pod.workload, waited);
          this.#lifecycle.bound(pod);
        },
        unschedulable: (pod) => this.#usage.unschedulable(pod.workload),
        imagePulled: (pod) => this.#lifecycle.imagePulled(pod),
        delete: (pod, gracePeriod) => this.#deletedByApi(pod, gracePeriod),
        evictedFromDown: (pod) => this.#deletedByApi(pod, null),
        halted: (pod) => this.#lifecycle.halt(pod),
        unreachable: (pod) => this.#lifecycle.unreachable(pod),
        recovered: (pod) => this.#lifecycle.recover(pod),
        record: (event) => this.record(event),
      },
    });
  }

  #newFaults(parts: ClusterParts): FaultInjector {
    return new FaultInjector({
      plane: parts.plane,
      services: parts.services,
      nodes: this.#nodes.all,
      workloads: this.#workloads,
      pods: this.#pods.all,
      killServer: (service, replica) => this.#datastores.kill(service, replica),
      kill: (pod) => this.#lifecycle.kill(pod),
      crash: (pod) => this.#lifecycle.crash(pod),
    });
  }

  #newRevisions(): Revisions {
    return new Revisions({
      clock: this.#simulation,
      plane: this.#plane,
      pods: this.#pods.present,
      workloads: this.#workloads,
      changed: (workload) => this.#changed(workload),
      countsReset: (service) => this.#metrics.countsReset(service),
    });
  }

  #newStatefulSets(): StatefulSets {
    return new StatefulSets({
      pods: this.#pods.present,
      create: (workload, revision, podIndex) =>
        this.#lifecycle.create(this.#newPod(workload, revision, podIndex)),
      delete: (pod) => this.#lifecycle.delete(pod),
    });
  }

  #newPod(workload: number, revision: number, podIndex: number | null = null): Pod {
    this.#usage.created(workload);
    return this.#pods.create(workload, revision, podIndex);
  }

  #podEvent(pod: Pod, reason: string, message: string): void {
    const subject = this.#podName(pod);
    const kubelet = { controller: "kubelet", kind: "pod" } as const;
    this.record({ ...kubelet, subject, reason, message, from: null, to: null });
  }

  /** Neighbours on a node that promises more CPU than it has share what there is. */
  #podUsesCpu(pod: Pod, uses: boolean): void {
    if (!uses || pod.node === null) {
      this.#contention.detach(pod.number);
      return;
    }
    const { spec } = this.#workloads[pod.workload]!;
    const { cpuMillicores } = sidecarUse(spec);
    const requestMillicores = requestsOf(spec).cpuMillicores ?? 0;
    this.#contention.attach({
      replica: pod.number,
      node: pod.node,
      requestMillicores,
      limitMillicores: spec.container.limits.cpuMillicores,
      sidecars: {
        cpuMillicores,
        requestMillicores: requestMillicores - (spec.container.requests.cpuMillicores ?? 0),
      },
    });
  }

  /** Evicted or preempted: its controller replaces it as soon as it terminates. */
  #deletedByApi(pod: Pod, gracePeriod: Micros | null): void {
    this.#lifecycle.delete(pod, gracePeriod);
    this.#changed(pod.workload);
  }

  #podGone(pod: Pod): void {
    const place = pod.unschedulable === null ? "coming" : "waiting";
    this.#usage.gone(pod.workload, pod.node === null ? place : "node");
    this.#pods.forgetAbsent();
    this.#changed(pod.workload);
  }

  #refreshEndpoints(workload: number): void {
    const endpoints = this.#pods.endpoints(workload);
    this.#pods.forgetAbsent();
    this.#plane.setEndpoints(this.#workloads[workload]!.service, endpoints);
  }

  // ---- observations --------------------------------------------------------------------

  #newMetrics(parts: ClusterParts): Metrics {
    return new Metrics({
      ...parts,
      spec: parts.spec.metrics,
      pods: this.#pods.present,
      serviceOf: (pod) => this.#workloads[pod.workload]?.service ?? pod.ordinal,
      isManaged,
      nameOf: (pod) => this.#podName(pod),
      specOf: (pod) => this.#workloads[pod.workload]!.spec,
      usageOf: (pod) => this.#lifecycle.usage(pod),
    });
  }

  #observePod(pod: Pod): PodObservation {
    const { container, sidecars } = this.#workloads[pod.workload]!.spec;
    const started = pod.scheduledAt;
    const transition = pod.readyChangedAt ?? started;
    return {
      name: this.#podName(pod),
      phase: podPhase(pod),
      deleted: pod.deletedAt !== null,
      startTime: started === null ? null : micros(started),
      ready: transition === null ? null : { status: pod.ready, lastTransition: micros(transition) },
      containers: [container, ...sidecars].map(({ name, requests }) => ({ name, ...requests })),
    };
  }

  #deletionCost(pod: Pod): number {
    const { podDeletionCost } = this.#workloads[pod.workload]!.spec;
    if (podDeletionCost === "none" || !isListening(pod)) return 0;
    return this.#plane.usage(pod.number).inFlight;
  }

  #podName(pod: Pod): string {
    const { spec, revisions } = this.#workloads[pod.workload]!;
    if (pod.podIndex !== null) return `${spec.name}-${pod.podIndex}`;
    return `${spec.name}-${revisions[pod.revision]}-${pod.ordinal}`;
  }

  #zoneOf(node: number): number {
    const { zone, region } = this.#nodes.all[node]!.spec;
    return this.#zones.findIndex((place) => place.zone === zone && place.region === region);
  }

  #workload(name: string): Workload {
    return this.#workloads[workloadIndex(this.#workloads, name)]!;
  }
}

interface ClusterState {
  readonly pods: readonly Pod[];
  readonly workloads: readonly Omit<Workload, "spec" | "service" | "revisions" | "templates">[];
  readonly nodes: Json;
  readonly metrics: Json;
  readonly usage: Json;
  readonly events: readonly TimedEvent[];
  readonly datastores: Json;
  readonly faults: Json;
  readonly contention: Json;
}
