import { expect, it } from "vitest";
import { stageCpuHtml } from "../../reports/render/sections/stageCpu.ts";
import { stageCpu } from "../../reports/stageCpu.ts";
import type { PolicyResult, Result, RolloutOutcome } from "../../sim/result/result.ts";
import { sampleResult } from "./sampleResult.ts";

const base = sampleResult();
const [first] = base.policies;
const [service] = first!.timeline.services;

/** Two stages from 20 s on, of 30 s and 20 s, over bins of 10 s. */
const rollout: RolloutOutcome = {
  workload: service!.service,
  revision: "v2",
  policy: "argo-canary",
  outcome: "promoted",
  reason: "done",
  atSeconds: 20,
  endSeconds: 50,
  stages: [
    { percent: 20, startSeconds: 0, requests: 1, failures: 0 },
    { percent: 80, startSeconds: 30, requests: 1, failures: 0 },
  ],
  usersHurt: null,
};
const revisions = [
  {
    revision: "v1",
    pods: [12, 12, 12, 12, 12, 12, 6, 6],
    cpuPercent: [60, 60, 50, 50, 50, 32, 32, 90],
  },
  {
    revision: "v2",
    pods: [0, 0, 3, 3, 3, 10, 10, 10],
    cpuPercent: [null, null, null, 70, 80, 109, 109, 20],
  },
];
const policy: PolicyResult = {
  ...first!,
  timeline: { ...first!.timeline, binSeconds: 10, services: [{ ...service!, revisions }] },
  rollouts: [rollout],
};

it("is the mean over the bins within each stage, weighted by pods", () => {
  const [slow, fast, ...others] = stageCpu(policy, rollout);
  expect(others).toEqual([]);
  expect(slow).toMatchObject({ percent: 20, before: { pods: 12, percent: 50 } });
  expect(slow!.released).toEqual({ pods: 3, percent: 75 });
  expect(slow!.all.percent).toBeCloseTo((36 * 50 + 3 * 70 + 3 * 80) / 42, 9);
  expect(fast).toMatchObject({ before: { pods: 9, percent: 32 } });
  expect(fast!.released).toEqual({ pods: 10, percent: 109 });
});

it("is a table under the stages, and absent where nothing is known", () => {
  const shown = (policies: readonly PolicyResult[]): string => {
    const result: Result = { ...base, policies: [...policies] };
    return stageCpuHtml(result).text.replaceAll(/<[^>]*>|\s+/gu, " ");
  };
  expect(shown([policy])).toMatch(/v2 +80 % +0:30 +9 +32 % +10 +109 % /u);
  expect(shown([first!])).toBe("");
});
