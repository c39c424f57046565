import { describe, expect, it } from "vitest";
import { resultMarkdown } from "../../reports/markdown.ts";
import { renderHtml } from "../../reports/render/index.ts";
import { compareText, runText } from "../../reports/terminal/index.ts";
import { verdictSentence } from "../../reports/verdict.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { type Result, resultSchema } from "../../sim/result/result.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

/** Twelve jobs of a minute each, under one worker and under three. */
function resultOf(more: ScenarioText = {}): Result {
  const scenarios = scenariosOf({
    duration: "20m",
    objective: { missed: "10%" },
    services: {
      worker: {
        concurrency: 1,
        resources: { requests: { cpu: 1 }, limits: { cpu: 1 } },
        endpoints: { work: [{ work: { exponential: "60s" } }] },
      },
    },
    topics: {
      jobs: {
        producers: { all: { batch: 12, deadline: "8m" } },
        consumers: { workers: { call: "worker" } },
      },
    },
    policies: {
      one: { autoscalers: { worker: { fixed: { replicas: 1 } } } },
      three: { autoscalers: { worker: { fixed: { replicas: 3 } } } },
    },
    ...more,
  });
  const outputs = scenarios.map((scenario) =>
    Array.from({ length: 5 }, (_, replication) =>
      runReplication({ scenario, replication, detail: true, from: null }, builtInPolicies),
    ),
  );
  const identity = { version: "0.0.0", file: "jobs.yaml", scenarioDigest: "0", level: 0.95 };
  return summarise({ identity, scenarios, outputs, against: "one" });
}

const style = { color: false, unicode: true, width: 80 };
const result = resultOf();

describe("a result of messages alone", () => {
  it("is what the schema says", () => {
    expect(resultSchema.parse(result)).toEqual(result);
  });

  it("has a verdict in words of jobs", () => {
    const { policy, after } = verdictSentence(result);
    expect(policy).toBe("three");
    expect(after).toMatch(/% missed their deadline, makespan \d+:\d\d, \$/);
  });

  it("is compared by deadlines, makespan and wait, within 80 columns", () => {
    const text = compareText(result, { style });
    expect(text).toMatch(/policy +objective +missed % +makespan +p95 wait +lost +cost \$/);
    expect(text).toMatch(/front of cost and missed deadlines/);
    expect(text).not.toMatch(/p95 ms|failed %|undefined|NaN/);
    expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  it("is told alone by the figures of its queue, within 80 columns", () => {
    const text = runText(resultOf({ duration: "1h", policies: undefined }), { style });
    expect(text).toMatch(/jobs +messages 12 +done 12 +left 0\.0 +dead-lettered 0\.0/);
    expect(text).toMatch(/deadlines +missed \d/);
    expect(text).not.toMatch(/requests|latency|undefined|NaN/);
    expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  it("stands on the page with a queue over time, and no latency", async () => {
    const page = await renderHtml(result);
    expect(page).toMatch(/What became of the messages/);
    expect(page).toMatch(/Messages of jobs that wait and that workers have in work/);
    expect(page).toMatch(/missed deadlines<\/th>/);
    expect(page).not.toMatch(/p95 latency|undefined|NaN/);
  });

  it("is a table in Markdown whose rows have as many cells as its head", () => {
    const rows = resultMarkdown(result)
      .split("\n")
      .filter((line) => line.startsWith("|"));
    expect(new Set(rows.map((row) => row.split("|").length)).size).toBe(1);
    expect(rows[0]).toMatch(/missed deadlines \| makespan/);
  });
});

describe("a result of requests and messages", () => {
  it("shows both", async () => {
    const both = resultOf({
      objective: { p95: "10m", missed: "10%" },
      traffic: { visitors: { rate: "1/min", call: "worker", timeout: "10m" } },
    });
    expect(both.scenario.objective.map(({ metric }) => metric)).toEqual([
      "p95",
      "missed",
      "failed",
    ]);
    expect(compareText(both, { style })).toMatch(/p95 ms/);
    expect(runText(both, { style })).toMatch(/requests.*\n(?:.*\n)*jobs +messages/);
    expect(await renderHtml(both)).toMatch(/p95 latency/);
  });
});
