import { readFileSync } from "node:fs";
import { type ReplicationOutput, runReplication } from "../../sim/experiment/replication.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";

/** One policy of a scenario file of the project. */
export function fileScenario(name: string, policy: string): Scenario {
  const file = `scenarios/${name}.yaml`;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const options = { file, text, policies: [policy], readFile: () => null };
  const [scenario] = loadScenario(options).scenarios;
  if (scenario === undefined) throw new Error(`no policy ${policy} in ${file}`);
  return scenario;
}

/** Its replication 0. */
export function runOf(name: string, policy: string): ReplicationOutput {
  const scenario = fileScenario(name, policy);
  return runReplication({ scenario, replication: 0, detail: true, from: null }, builtInPolicies);
}
