import { availableParallelism } from "node:os";
import type { Executor } from "../experiment/executor.ts";
import { inProcess } from "../experiment/executors/inProcess.ts";
import { workerThreads } from "../experiment/executors/workerThreads.ts";
import { byPolicy, replicationTasks } from "../experiment/experiment.ts";
import type { ReplicationOutput, ReplicationTask } from "../experiment/replication.ts";
import { nextRuns, type StoppingRule } from "../experiment/sequential.ts";
import type { ModelSnapshot } from "../scenario/build/model.ts";
import type { Console } from "./console.ts";
import { effortNote } from "./effort.ts";
import { CliError, EXIT } from "./exitCodes.ts";
import { interruption } from "./interruption.ts";
import { ReplicationProgress } from "./progress.ts";
import type { ScenarioInput } from "./scenarioInput.ts";

export interface SimulateOptions {
  readonly runs: number;
  /** Threads; 0 stays in this one. */
  readonly workers?: number;
  /** Cut the measured time of each run into so many. */
  readonly batches?: number;
  /** What progress calls the policy sets, in the plural. */
  readonly noun?: string;
}

export interface Simulated {
  /** By policy set. */
  readonly outputs: readonly (readonly ReplicationOutput[])[];
  readonly wallSeconds: number;
  readonly workers: number;
}

/** Runs every policy set of a scenario equally often. */
export async function simulate(
  input: ScenarioInput,
  options: SimulateOptions,
  console: Console,
  from: ModelSnapshot | null = null,
): Promise<Simulated> {
  const { scenarios } = input;
  const { runs, batches } = options;
  const tasks = replicationTasks({ scenarios, runs, from, batches });
  const { outputs, ...rest } = await simulateTasks(input, tasks, options, console);
  return { outputs: byPolicy(outputs, options.runs), ...rest };
}

/** Runs every policy set until the widths are narrow enough, or the cap is reached. */
export async function simulateUntil(
  input: ScenarioInput,
  rule: StoppingRule,
  options: Omit<SimulateOptions, "runs">,
  console: Console,
): Promise<Simulated> {
  const { scenarios } = input;
  let outputs: readonly (readonly ReplicationOutput[])[] = scenarios.map(() => []);
  let wallSeconds = 0;
  let workers = 0;
  for (;;) {
    const runs = nextRuns(scenarios, outputs, rule);
    if (runs === null) return { outputs, wallSeconds, workers };
    const done = outputs[0]?.length ?? 0;
    const tasks = replicationTasks({ scenarios, runs, from: null, done });
    const wave = await simulateTasks(input, tasks, options, console);
    const more = byPolicy(wave.outputs, runs - done);
    outputs = outputs.map((before, index) => [...before, ...more[index]!]);
    wallSeconds += wave.wallSeconds;
    workers = Math.max(workers, wave.workers);
  }
}

/** Runs tasks and keeps their order; shows progress; Ctrl-C ends it with nothing written. */
export async function simulateTasks(
  input: Pick<ScenarioInput, "registry" | "policiesUrl">,
  tasks: readonly ReplicationTask[],
  options: Pick<SimulateOptions, "workers" | "noun">,
  console: Console,
): Promise<Omit<Simulated, "outputs"> & { readonly outputs: readonly ReplicationOutput[] }> {
  const workers = Math.min(options.workers ?? availableParallelism(), tasks.length);
  const note = console.quiet ? null : effortNote(tasks);
  if (note !== null) console.note(note);
  const progress = new ReplicationProgress(console, tasks, options.noun);
  const started = Date.now();
  const outputs = await execute(input, workers, tasks, progress);
  progress.clear();
  return { outputs, wallSeconds: (Date.now() - started) / 1000, workers };
}

async function execute(
  input: Pick<ScenarioInput, "registry" | "policiesUrl">,
  workers: number,
  tasks: readonly ReplicationTask[],
  progress: ReplicationProgress,
): Promise<readonly ReplicationOutput[]> {
  const executor: Executor =
    workers === 0
      ? inProcess(input.registry)
      : workerThreads({ workers, policies: input.policiesUrl });
  const interrupted = new Promise<never>((_, reject) => {
    const end = (): void => {
      progress.leave();
      reject(new CliError(progress.interrupted(), EXIT.interrupted));
    };
    if (interruption.aborted) end();
    else interruption.addEventListener("abort", end, { once: true });
  });
  try {
    const run = executor.run(tasks, (task) => progress.finished(task));
    return await Promise.race([run, interrupted]);
  } catch (error) {
    if (!interruption.aborted) progress.clear();
    throw error;
  } finally {
    await executor.close();
  }
}
