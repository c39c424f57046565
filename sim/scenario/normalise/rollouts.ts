import { type Micros, micros } from "../../kernel/time.ts";
import type { DeploymentPause, PolicySet, PolicyUse } from "../scenario.ts";
import { RELEASE_KEYS, type RolloutsInput, type RolloutUseInput } from "../schema/policies.ts";
import type { Path } from "../tree.ts";
import { durationOr, durationText } from "../units.ts";
import type { Context } from "./context.ts";
import { checkedConfig, solePolicy, type Times } from "./policyUse.ts";

type Releases = Pick<PolicySet, "rollouts" | "pauses">;

/** The releases of every service, those of one in order of time. */
export function normaliseRollouts(
  context: Context,
  input: RolloutsInput,
  path: Path,
  times: Times,
): Releases {
  const all = Object.entries(input).map(([service, written]) =>
    releasesOf(context, service, written, [...path, service], times),
  );
  return {
    rollouts: all.flatMap(({ rollouts }) => rollouts),
    pauses: all.flatMap(({ pauses }) => pauses),
  };
}

const NONE: Releases = { rollouts: [], pauses: [] };

function releasesOf(
  context: Context,
  service: string,
  input: RolloutsInput[string],
  path: Path,
  times: Times,
): Releases {
  if (!context.knows("service", service, context.names("services"), path, "key")) return NONE;
  const entries: readonly Entry[] = Array.isArray(input)
    ? input.map((entry, index) => ({ entry, place: [...path, index] }))
    : [{ entry: input, place: path }];
  const policy = policyOf(context, service, entries, times);
  const isDeployment = policy === null || policy.policy in context.registry.deployments;
  const rollouts: PolicySet["rollouts"][number][] = [];
  const pauses: DeploymentPause[] = [];
  const [stable] = context.names("services", service, "revisions");
  let before: Before = { revision: stable, at: -1, isInitial: true };
  for (const { entry, place } of entries) {
    const at = timeOf(context, entry, place, before.at, times);
    const start = micros(times.warmUp + at);
    const { revision, paused } = entry;
    if (paused !== undefined) {
      if (!isDeployment) {
        const hint = "a Deployment's rollout is: rolling or recreate";
        context.atKey([...place, "paused"], `${policy.policy} cannot be paused`, hint);
      }
      pauses.push({ workload: service, paused, at: start });
    }
    if (revision === undefined) before = { ...before, at };
    else {
      // A release that was judged, and stopped, may be tried again.
      const running = isDeployment || before.isInitial ? before : null;
      const isRelease = isAnother(context, service, { revision, place, running });
      if (isRelease && policy !== null) rollouts.push({ ...policy, revision, start });
      before = { revision, at, isInitial: false };
    }
  }
  return { rollouts, pauses };
}

interface Entry {
  readonly entry: RolloutUseInput;
  readonly place: Path;
}

/** What an entry of a list follows: the revision that is wanted until then, and the last time. */
interface Before {
  readonly revision: string | undefined;
  readonly at: number;
  /** No release has been before. */
  readonly isInitial: boolean;
}

/** It stands in the first entry, and is the whole list's. */
function policyOf(
  context: Context,
  service: string,
  entries: readonly Entry[],
  times: Times,
): PolicyUse | null {
  const isStatefulSet = context.names("services", service).includes("statefulSet");
  const { rollouts, deployments, statefulSets } = context.registry;
  const known = isStatefulSet ? statefulSets : { ...rollouts, ...deployments };
  const [first, ...others] = entries;
  if (first === undefined) return null;
  for (const { place } of others) {
    for (const key of context.names(...place)) {
      if (RELEASE_KEYS.includes(key)) continue;
      const hint = "the policy of the first one is that of the whole list";
      context.atKey([...place, key], `a later release names no policy, found "${key}"`, hint);
    }
  }
  const { place } = first;
  const policy = solePolicy(context, "rollout policy", place, RELEASE_KEYS, Object.keys(known));
  if (policy === null) return null;
  const config = checkedConfig(context, policy, known[policy], [...place, policy], times);
  return { workload: service, policy, config };
}

/** From the start of the measured time. */
function timeOf(
  context: Context,
  { at }: RolloutUseInput,
  place: Path,
  before: number,
  { duration }: Times,
): Micros {
  const time = durationOr(at, micros(0));
  const path = [...place, "at"];
  if (time >= duration) {
    const hint = `the run measures ${durationText(duration)}`;
    context.atValue(path, "this rollout begins when the run is over", hint);
  } else if (time <= before) {
    const hint = "they stand in order of time";
    context.atValue(path, `this begins no later than what stands before it`, hint);
  }
  return time;
}

/** Whether the service has the revision, and is not at it already. */
function isAnother(
  context: Context,
  service: string,
  release: {
    readonly revision: string;
    readonly place: Path;
    /** What runs by then for sure. */
    readonly running: Before | null;
  },
): boolean {
  const { revision, running } = release;
  const revisions = context.names("services", service, "revisions");
  const path = [...release.place, "revision"];
  if (!context.knows(`revision of ${service}`, revision, revisions, path)) return false;
  if (running?.revision !== revision) return true;
  if (running.isInitial) {
    const hint = "the first revision runs already: roll out another one";
    context.atValue(path, `"${revision}" is the stable revision`, hint);
  } else context.atValue(path, `"${revision}" is what the release before it rolls out`);
  return false;
}
