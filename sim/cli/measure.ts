import { type StoppingRule, withStopping } from "../experiment/sequential.ts";
import { summarise } from "../experiment/summarise.ts";
import type { Result } from "../result/result.ts";
import type { ModelSnapshot } from "../scenario/build/model.ts";
import type { Console } from "./console.ts";
import { identityOf, type ScenarioInput } from "./scenarioInput.ts";
import { type Simulated, type SimulateOptions, simulate, simulateUntil } from "./simulate.ts";

/** Runs every policy set and sums up: as many replications as are given, or as the rule needs. */
export async function measure(
  file: string,
  input: ScenarioInput,
  options: SimulateOptions & { readonly level: number },
  console: Console,
  {
    against,
    rule = null,
    from = null,
  }: {
    /** The policy set that the others are compared with. */
    readonly against: string;
    readonly rule?: StoppingRule | null;
    readonly from?: ModelSnapshot | null;
  },
): Promise<{ readonly result: Result; readonly simulated: Simulated }> {
  const { scenarios } = input;
  const simulated =
    rule === null
      ? await simulate(input, options, console, from)
      : await simulateUntil(input, rule, options, console);
  const { outputs } = simulated;
  const identity = identityOf(file, input, options.level);
  const result = summarise({ identity, scenarios, outputs, against });
  return { result: withStopping(result, scenarios, outputs, rule), simulated };
}
