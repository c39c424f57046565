/**
 * `npm run bench -- W1|W2|W3 [--json] [--times N]`: one replication through the whole path of a
 * scenario (read, checked, built, simulated, recorded, summarised), in CPU seconds of this process
 * without start-up, as the peers' programs count theirs. Model events are those of the workload: 2
 * a customer in W1, 6 in W2, 8 in W3.
 */
import { readFileSync } from "node:fs";
import { runReplication } from "../../sim/experiment/replication.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

interface Workload {
  readonly file: string;
  readonly eventsPerRequest: number;
  /** Steps of a journey: each is a request of ours, and one customer of theirs passes all. */
  readonly steps: number;
}

const WORKLOADS: Readonly<Record<string, Workload>> = {
  W1: { file: "test/bench/w1.yaml", eventsPerRequest: 2, steps: 1 },
  W2: { file: "test/bench/w2.yaml", eventsPerRequest: 6, steps: 5 },
  W3: { file: "scenarios/w3.yaml", eventsPerRequest: 8, steps: 1 },
};

interface Figures {
  readonly workload: string;
  readonly times: number;
  readonly cpu_s: number;
  readonly events: number;
  readonly events_per_cpu_s: number;
  readonly requests_per_cpu_s: number;
  readonly peak_rss_mb: number;
  readonly result: Readonly<Record<string, number>>;
}

function bench(name: string, { file, eventsPerRequest, steps }: Workload, times: number): Figures {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const before = process.cpuUsage();
  const set = times === 1 ? [] : [["duration", longer(text, times)] as const];
  const { scenarios, problems } = loadScenario({ file, text, set, readFile: () => null });
  const scenario = scenarios[0];
  if (scenario === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  const task = { scenario, replication: 0, detail: true, from: null };
  const { result } = runReplication(task, builtInPolicies);
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1e6;
  const customers = result.requests / steps;
  const { latency } = result;
  const figures: Record<string, number> =
    name === "W3"
      ? {
          mean_ms: latency?.meanMs ?? Number.NaN,
          p50: latency?.p50Ms ?? Number.NaN,
          p95: latency?.p95Ms ?? Number.NaN,
          p99: latency?.p99Ms ?? Number.NaN,
          timeouts: result.failures["timeout"] ?? 0,
        }
      : // The service takes a second in the mean, at each step.
        { mean_wait: ((latency?.meanMs ?? Number.NaN) / 1000 - 1) * steps };
  return {
    workload: name,
    times,
    cpu_s: round(cpu, 4),
    events: Math.round(customers * eventsPerRequest),
    events_per_cpu_s: Math.round((customers * eventsPerRequest) / cpu),
    requests_per_cpu_s: Math.round(customers / cpu),
    peak_rss_mb: round(process.resourceUsage().maxRSS / 1024, 1),
    result: figures,
  };
}

/** The scenario's duration in seconds, so many times. */
function longer(text: string, times: number): string {
  const [, value = "0", unit = "s"] = /^duration: (\d+)(s|m)/m.exec(text) ?? [];
  return `${Number(value) * (unit === "m" ? 60 : 1) * times}s`;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function main(args: readonly string[]): number {
  const names = args.filter((arg) => !arg.startsWith("--") && !/^\d+$/.test(arg));
  const at = args.indexOf("--times");
  const times = at < 0 ? 1 : Number(args[at + 1]);
  const unknown = names.find((name) => !(name in WORKLOADS));
  if (names.length === 0 || unknown !== undefined || !(times >= 1)) {
    const known = Object.keys(WORKLOADS).join("|");
    console.error(`usage: npm run bench -- ${known} [--json] [--times N]`);
    return 104;
  }
  for (const name of names) {
    const figures = bench(name, WORKLOADS[name]!, times);
    if (args.includes("--json")) console.log(JSON.stringify(figures));
    else {
      const mega = (figures.events_per_cpu_s / 1e6).toFixed(2);
      console.log(
        `${name}  ${mega} M model events/CPU-s  ${figures.requests_per_cpu_s} requests/CPU-s  ` +
          `${figures.peak_rss_mb} MB  ${JSON.stringify(figures.result)}`,
      );
    }
  }
  return 0;
}

process.exitCode = main(process.argv.slice(2));
