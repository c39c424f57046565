import { digestText } from "../kernel/digest.ts";
import type { ModelSnapshot } from "../scenario/build/model.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { CliError, errorText } from "./exitCodes.ts";
import { readInput } from "./files.ts";
import { readVersion } from "./version.ts";

/** The one run that a snapshot is a moment of; it goes into no other. */
export interface SnapshotOrigin {
  readonly peakday: string;
  readonly scenario: string;
  readonly policy: string;
  readonly seed: number;
  readonly replication: number;
  /** Of the scenario as it was read, with all that was laid over it. */
  readonly scenarioDigest: string;
  /** Of the user's own policies; null without. */
  readonly policiesDigest: string | null;
}

/** `policies` is the file of the user's own ones. */
export function originOf(scenario: Scenario, policies: string | undefined): SnapshotOrigin {
  // Comments change nothing that is simulated; policy and seed are told apart below.
  const { notes: _, policy, seed, ...rest } = scenario;
  return {
    peakday: readVersion(),
    scenario: scenario.name,
    policy: policy.name,
    seed,
    replication: 0,
    scenarioDigest: digestText(JSON.stringify([rest, policy])),
    policiesDigest: policies === undefined ? null : digestText(readInput(policies, "policy file")),
  };
}

interface SnapshotFile extends ModelSnapshot {
  readonly origin: SnapshotOrigin;
  /** Of all the rest, so that a damaged file is not taken for a bug. */
  readonly digest: string;
}

export function snapshotText(snapshot: ModelSnapshot, origin: SnapshotOrigin): string {
  const { schema, version, ...state } = snapshot;
  const body = { schema, version, origin, ...state };
  const file: SnapshotFile = { ...body, digest: digestText(JSON.stringify(body)) };
  return `${JSON.stringify(file)}\n`;
}

/** The state in a file, when it belongs to this very run. */
export function readSnapshot(file: string, wanted: SnapshotOrigin): ModelSnapshot {
  const snapshot = parsed(readInput(file, "snapshot"));
  if (snapshot === null) {
    throw new CliError(
      errorText(
        `"${file}" is no snapshot of this version of peakday`,
        "take one: peakday snapshot",
      ),
    );
  }
  const { digest, ...body } = snapshot;
  if (digestText(JSON.stringify(body)) !== digest) {
    throw new CliError(errorText(`"${file}" is damaged: its digest does not match what it holds`));
  }
  const differences = differencesOf(snapshot.origin, wanted);
  if (differences.length > 0) {
    throw new CliError(errorText(`"${file}" is a moment of another run`, ...differences));
  }
  return snapshot;
}

function parsed(text: string): SnapshotFile | null {
  try {
    const snapshot: SnapshotFile | null = JSON.parse(text);
    if (snapshot?.schema !== "peakday/snapshot" || snapshot.version !== 1) return null;
    return typeof snapshot.origin === "object" ? snapshot : null;
  } catch {
    return null;
  }
}

function differencesOf(taken: SnapshotOrigin, wanted: SnapshotOrigin): readonly string[] {
  const named = (["peakday", "scenario", "policy", "seed"] as const)
    .filter((key) => taken[key] !== wanted[key])
    .map((key) => `${key}: ${taken[key]} in the snapshot, ${wanted[key]} here`);
  if (named.length > 0) return named;
  if (taken.scenarioDigest !== wanted.scenarioDigest) {
    return ["the scenario is not what it was (its file, an overlay, --set)"];
  }
  return taken.policiesDigest === wanted.policiesDigest
    ? []
    : ["--policies are not what they were"];
}
