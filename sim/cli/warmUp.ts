import { cutOf, PILOT_LENGTHS, pilotTasks, warmUpOf } from "../experiment/pilot.ts";
import { present } from "../kernel/assert.ts";
import type { Micros } from "../kernel/time.ts";
import type { WarmUpResult } from "../result/result.ts";
import { type Console, muted } from "./console.ts";
import { readScenario, type ScenarioInput, type ScenarioOptions } from "./scenarioInput.ts";
import { simulateTasks } from "./simulate.ts";

interface WarmUpOptions extends ScenarioOptions {
  readonly workers?: number;
}

/** Reads a scenario; where its warm-up is `auto`, pilots find how long it has to be. */
export function readWarmScenario(
  file: string,
  options: WarmUpOptions,
  console: Console,
): Promise<ScenarioInput> {
  return withWarmUp(
    (autoWarmUp, to) => readScenario(file, options, to, autoWarmUp),
    options,
    console,
  );
}

/** The same of the first policy set alone, where no other is run. */
export function readWarmRun(
  file: string,
  options: WarmUpOptions,
  console: Console,
): Promise<ScenarioInput> {
  const read = async (autoWarmUp: Micros | undefined, to: Console): Promise<ScenarioInput> => {
    const all = await readScenario(file, options, to, autoWarmUp);
    return { ...all, scenarios: all.scenarios.slice(0, 1) };
  };
  return withWarmUp(read, options, console);
}

/** The same for whatever is read of one or more scenarios that share their warm-up. */
export async function withWarmUp(
  read: (autoWarmUp: Micros | undefined, console: Console) => Promise<ScenarioInput>,
  options: Pick<WarmUpOptions, "workers">,
  console: Console,
): Promise<ScenarioInput> {
  const first = await read(undefined, console);
  if (!first.scenarios.some(({ isWarmUpAuto }) => isWarmUpAuto)) return first;
  let found: WarmUpResult | null = null;
  for (const length of PILOT_LENGTHS) {
    const { scenarios } = await read(length, muted(console));
    const piloted = scenarios.filter(({ isWarmUpAuto }) => isWarmUpAuto);
    const noun = "pilots";
    const tasks = pilotTasks(piloted);
    const { outputs } = await simulateTasks(first, tasks, { ...options, noun }, console);
    found = warmUpOf(piloted, outputs);
    if (found.isSettled) break;
  }
  const warmUp = present(found, "warm-up of the pilots");
  return { ...(await read(cutOf(warmUp), muted(console))), warmUp };
}
