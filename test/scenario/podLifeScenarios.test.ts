import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runReplication } from "../../sim/experiment/replication.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

/** Ready and wanted replicas of the first service at the end of each bin, of replication 0. */
function replicasOf(name: string, policy: string): { ready: number[]; wanted: number[] } {
  const file = `scenarios/${name}.yaml`;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const options = { file, text, policies: [policy], readFile: () => null };
  const [scenario] = loadScenario(options).scenarios;
  if (scenario === undefined) throw new Error(`no policy ${policy} in ${file}`);
  const task = { scenario, replication: 0, detail: true, from: null };
  const { timeline } = runReplication(task, builtInPolicies);
  const { ready, wanted } = timeline!.services[0]!;
  const known = (values: readonly (number | null)[]): number[] =>
    values.map((value) => value ?? Number.NaN);
  return { ready: known(ready), wanted: known(wanted) };
}

it("a liveness probe that gives up too soon takes the whole fleet down for good", () => {
  const { ready } = replicasOf("liveness-spiral", "asks-too-soon");
  expect(ready[0]).toBe(6);
  // Minutes after the forty seconds of overload no pod stays up.
  expect(Math.max(...ready.slice(-60))).toBeLessThanOrEqual(2);
});

it("a patient one loses nobody to the same overload", () => {
  const { ready } = replicasOf("liveness-spiral", "patient");
  expect(Math.min(...ready)).toBe(6);
});

it("start-up CPU that counts runs an HPA up to its maximum", () => {
  const { wanted } = replicasOf("slow-start-storm", "flags-off");
  expect(Math.max(...wanted)).toBe(40);
});

it("the controller's defaults leave starting pods out, and stop at what the load needs", () => {
  const { wanted } = replicasOf("slow-start-storm", "as-shipped");
  expect(Math.max(...wanted)).toBeLessThanOrEqual(7);
});
