import { zonesOf } from "../../cluster/clusterSpec.ts";
import { SimulatedClock } from "../../cluster/simulatedClock.ts";
import { type ClusterService, SimulatedCluster } from "../../cluster/simulatedCluster.ts";
import type { AutoscalerController } from "../../control/autoscalerController.ts";
import type { Controller } from "../../control/controller.ts";
import type { DeploymentController } from "../../control/deploymentController.ts";
import type { RolloutController } from "../../control/rolloutController.ts";
import type { StatefulSetController } from "../../control/statefulSetController.ts";
import type { CallObserver } from "../../dataplane/callObserver.ts";
import { compileCallPlan } from "../../dataplane/callplan/compile.ts";
import type { CallPlan, PlannedService } from "../../dataplane/callplan/plan.ts";
import { FALLBACK_KINDS } from "../../dataplane/callSpec.ts";
import { ExactDataPlane } from "../../dataplane/exact/exactDataPlane.ts";
import { Links } from "../../dataplane/exact/links.ts";
import { OpenClients } from "../../dataplane/exact/openClients.ts";
import { Producers } from "../../dataplane/exact/producers.ts";
import { FAILURE_REASONS } from "../../dataplane/failure.ts";
import type { ServiceSpec } from "../../dataplane/serviceSpec.ts";
import { assert, present } from "../../kernel/assert.ts";
import type { Json } from "../../kernel/json.ts";
import { KeyedDraws } from "../../kernel/keyedDraws.ts";
import { Simulation, type SimulationState } from "../../kernel/simulation.ts";
import { createStreams } from "../../kernel/streams.ts";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import type { PolicyRegistry } from "../../policy/index.ts";
import { Recorder } from "../../result/recorder.ts";
import { AttributeSampler } from "../../workload/attributes.ts";
import type { RateProfile } from "../../workload/rateProfile.ts";
import type { Scenario } from "../scenario.ts";
import { binMicros } from "./bins.ts";
import { createControllers } from "./controllers.ts";
import { Gauges } from "./gauges.ts";
import { RevisionUse } from "./revisionUse.ts";
import { openTraffic, populationsOf, producersOf } from "./sources.ts";

/**
 * The end of the warm-up comes before everything else of its instant, the end of a bin after it.
 */
const MEASURE_PRIORITY = -1;
const BIN_PRIORITY = 16;
/** How often a run that may end early looks whether it may. */
const LOOK = seconds(1);

/**
 * A model at rest: plain JSON, from which the same scenario's model goes on as if it had never
 * stopped.
 */
export interface ModelSnapshot {
  readonly schema: "peakday/snapshot";
  readonly version: 1;
  readonly simulation: SimulationState;
  readonly parts: Readonly<Record<string, Json>>;
}

/**
 * One replication of one policy set: everything that a scenario describes, wired together. Build it
 * anew for every run; restore a snapshot into one that was built from the same scenario, seed and
 * replication.
 */
export class Model {
  readonly scenario: Scenario;
  readonly simulation = new Simulation();
  readonly plan: CallPlan;
  readonly recorder: Recorder;
  readonly plane: ExactDataPlane;
  readonly cluster: SimulatedCluster;
  readonly autoscalers: readonly AutoscalerController[];
  readonly rollouts: readonly RolloutController[];
  readonly deployments: readonly (DeploymentController | StatefulSetController)[];
  /** Rate of each open traffic, in time of the run. */
  readonly rates: readonly RateProfile[];
  readonly end: Micros;
  readonly #clients: OpenClients;
  readonly #producers: Producers;
  readonly #controllers: readonly Controller[];
  readonly revisionUse: RevisionUse;
  readonly #gauges: Gauges;
  readonly #binEnd: number;
  readonly #measure: number;
  readonly #users: number;
  #started = false;

  constructor(parts: {
    readonly scenario: Scenario;
    readonly replication: number;
    readonly registry: PolicyRegistry;
    readonly observer?: CallObserver;
  }) {
    const { scenario, replication } = parts;
    this.scenario = scenario;
    this.end = micros(scenario.warmUp + scenario.duration);
    const draws = new KeyedDraws({ seed: scenario.seed, replication });
    const streams = createStreams({ seed: scenario.seed, replication });
    const { simulation } = this;
    this.plan = compileCallPlan(scenario.services, scenario.traffic, scenario.topics);
    this.recorder = new Recorder({
      services: this.plan.services.length,
      caches: this.plan.caches.length,
      reasons: FAILURE_REASONS.length,
      fallbacks: FALLBACK_KINDS.length,
      binMicros: binMicros(scenario.duration),
    });
    this.plane = new ExactDataPlane({
      simulation,
      plan: this.plan,
      draws,
      recorder: this.recorder,
      attributes: populationsOf(scenario, this.plan).map((who) => new AttributeSampler(who, draws)),
      links: new Links(scenario.links, zonesOf(scenario.cluster)),
      measureFrom: scenario.warmUp,
      callerLag: scenario.cluster.callerLag,
      observer: parts.observer,
    });
    this.cluster = new SimulatedCluster({
      simulation,
      draws,
      spec: scenario.cluster,
      services: this.plan.services.map((service, index) =>
        clusterServiceOf(service, scenario.services[index]!),
      ),
      plane: this.plane,
    });
    const open = openTraffic(scenario, streams);
    this.rates = open.map(({ rate }) => rate);
    this.#clients = new OpenClients(simulation, this.plane, open);
    this.#producers = new Producers(this.simulation, this.plane, producersOf(scenario, streams));
    const control = createControllers({
      scenario,
      registry: parts.registry,
      clock: new SimulatedClock(simulation),
      platform: this.cluster,
      draws,
    });
    this.autoscalers = control.autoscalers;
    this.rollouts = control.rollouts;
    this.deployments = control.deployments;
    this.#controllers = [
      ...control.deployments,
      ...control.autoscalers,
      ...control.rollouts,
      ...control.others,
    ];
    this.#watchRevisions(parts.registry);
    const released = new Set(scenario.policy.rollouts.map(({ workload }) => workload));
    this.revisionUse = new RevisionUse(this.cluster, released);
    this.#gauges = new Gauges(this.plan, this.cluster, () => this.#mix());
    this.#measure = simulation.register("measuring begins", () => this.#beginMeasuring());
    this.#binEnd = simulation.register("bin ends", () => this.#closeBin());
    this.#users = simulation.register("users begin", () => this.plane.startUsers());
  }

  /** Runs to `until`, at most to the end of the scenario. */
  run(until: Micros = this.end): void {
    if (!this.#started) this.#start();
    this.simulation.runUntil(micros(Math.min(until, this.end)));
  }

  /**
   * Runs until every rollout is over, to the second, or to the end of the scenario. The run then
   * counts as one that was planned to end there: its last bin is closed, short as it may be.
   */
  runUntilRolloutsEnd(): void {
    const { simulation, end, rollouts, recorder, scenario } = this;
    const isOver = (): boolean =>
      rollouts.length > 0 && rollouts.every((rollout) => rollout.isOver);
    while (simulation.now < end && !isOver()) this.run(micros(simulation.now + LOOK));
    const closed = scenario.warmUp + recorder.bins * recorder.binMicros;
    if (simulation.now === end || simulation.now < scenario.warmUp) return;
    if (simulation.now > closed) this.#recordBin();
    recorder.finish();
  }

  /** Independent of the model: it may go on. */
  snapshot(): ModelSnapshot {
    if (!this.#started) this.#start();
    return structuredClone({
      schema: "peakday/snapshot",
      version: 1,
      simulation: this.simulation.state(),
      parts: {
        plane: this.plane.state(),
        cluster: this.cluster.state(),
        clients: this.#clients.state(),
        producers: this.#producers.state(),
        recorder: this.recorder.state(),
        gauges: this.#gauges.state(),
        revisionUse: this.revisionUse.state(),
        controllers: this.#controllers.map((controller) => controller.state()),
      },
    });
  }

  /** Puts a model that has not run yet where the snapshot was taken. */
  restore(snapshot: ModelSnapshot): void {
    assert(!this.#started, "a snapshot goes into a model that has not run");
    this.#started = true;
    const { parts } = snapshot;
    this.simulation.restore(snapshot.simulation);
    this.plane.restore(present(parts["plane"], "plane"));
    this.cluster.restore(present(parts["cluster"], "cluster"));
    this.#clients.restore(present(parts["clients"], "clients"));
    this.#producers.restore(present(parts["producers"], "producers"));
    this.recorder.restore(present(parts["recorder"], "recorder"));
    this.#gauges.restore(present(parts["gauges"], "gauges"));
    this.revisionUse.restore(present(parts["revisionUse"], "revisionUse"));
    const controllers = parts["controllers"] as readonly Json[]; // written by `snapshot` above
    this.#controllers.forEach((controller, index) => {
      controller.restore(controllers[index]!);
    });
  }

  #start(): void {
    this.#started = true;
    const { simulation, scenario } = this;
    simulation.schedule(scenario.warmUp, this.#measure, 0, 0, MEASURE_PRIORITY);
    this.cluster.start({ scrapes: this.autoscalers.length > 0 });
    for (const controller of this.#controllers) controller.start();
    this.#clients.start();
    this.#producers.start();
    // Not at once: what they send belongs to the measured time when there is no warm-up.
    simulation.schedule(simulation.now, this.#users, 0, 0);
  }

  #watchRevisions(registry: PolicyRegistry): void {
    const { services, policy } = this.scenario;
    const longest = new Map<string, number>();
    for (const { workload, policy: name, config } of policy.rollouts) {
      const rollout = registry.rollouts[name];
      const windows = rollout?.windows?.(rollout.init(config)) ?? [];
      longest.set(workload, Math.max(longest.get(workload) ?? 0, ...windows));
    }
    for (const [workload, window] of longest) {
      const service = services.findIndex(({ name }) => name === workload);
      this.plane.watchRevisions(service, micros(window));
    }
  }

  /** Rates of the traffics at this moment; all alike where one is closed, or none is active. */
  #mix(): readonly number[] {
    const { traffic } = this.plan;
    const rates = this.rates.map((rate) => rate.rateAt(this.simulation.now));
    const isKnown = rates.length === traffic.length && rates.some((rate) => rate > 0);
    return isKnown ? rates : traffic.map(() => 1);
  }

  #beginMeasuring(): void {
    this.recorder.reset();
    this.plane.beginMeasuring();
    this.cluster.resetUsage();
    this.#gauges.read();
    this.revisionUse.begin();
    this.#scheduleBin();
  }

  #closeBin(): void {
    this.#recordBin();
    if (this.simulation.now < this.end) this.#scheduleBin();
    else this.recorder.finish();
  }

  #recordBin(): void {
    this.recorder.closeBin(this.#gauges.read());
    this.revisionUse.closeBin();
    this.plane.consumers.closeBin();
  }

  /** The last bin ends with the run. */
  #scheduleBin(): void {
    const at = Math.min(this.simulation.now + this.recorder.binMicros, this.end);
    this.simulation.schedule(at, this.#binEnd, 0, 0, BIN_PRIORITY);
  }
}

/** What the cluster has to know of a service. */
const clusterServiceOf = (
  { name, kind, endpoints, revisions }: PlannedService,
  { concurrency, replication }: ServiceSpec,
): ClusterService => ({
  name,
  kind,
  endpoints,
  revisions: revisions.map((revision) => revision.name),
  servers: concurrency ?? Number.MAX_SAFE_INTEGER,
  datastore: replication,
});
