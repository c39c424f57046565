import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "./run.ts";

/** Exit code and lines of one run of the command. */
async function conformance(
  ...args: string[]
): Promise<{ readonly code: number; readonly lines: string[] }> {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(...line.split("\n")));
  return { code, lines };
}

it.each([
  { group: "breaker", of: "circuit breakers and outlier ejection", cases: 42 },
  { group: "canary", of: "statistics of canaries", cases: 71 },
  { group: "hpa", of: "the HorizontalPodAutoscaler", cases: 540 },
  { group: "kpa", of: "Knative's pod autoscaler", cases: 64 },
  { group: "limiter", of: "rate limiters and percentage flags", cases: 38 },
  { group: "rollout", of: "Deployments, budgets and Argo Rollouts", cases: 4072 },
])("all recorded decisions of $of are ours", async ({ group, cases }) => {
  const { code, lines } = await conformance("--dir", import.meta.dirname, "--group", group);
  expect(lines.filter((line) => line.startsWith("  "))).toEqual([]);
  expect(lines.at(-1)).toBe(`${cases} passed, 0 failed`);
  expect(code).toBe(0);
});

describe("the command", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "conformance-"));
    const write = (group: string, name: string, text: string) => {
      mkdirSync(join(dir, group), { recursive: true });
      writeFileSync(join(dir, group, name), text);
    };
    const spec = { maxReplicas: 5, scaleTargetRef: { kind: "Deployment", name: "web" } };
    const wrong = { name: "wrong", hpa: { spec }, valid: true, defaultedSpec: spec };
    const empty = { name: "empty" };
    const table = { format: "hpa-admission/1", cases: [wrong, empty] };
    write("hpa", "admission.json", JSON.stringify(table));
    write("hpa", "broken.json", "{");
    write("hpa", "odd.json", JSON.stringify({ format: "hpa-tea/1", cases: [empty] }));
    write("tea", "leaves.json", JSON.stringify({ cases: [{ id: 1 }, { id: 2 }] }));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("counts cases that differ or cannot be evaluated, and says why", async () => {
    const { code, lines } = await conformance("--dir", dir, "--group", "hpa");
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe("0 passed, 4 failed");
    const text = lines.join("\n");
    expect(text).toContain("wrong: valid: expected true, computed false");
    expect(text).toContain("empty: could not be evaluated");
    expect(text).toContain("broken.json: not JSON");
    expect(text).toContain("format hpa-tea/1 is none of");
  });

  it("fails every case of a group without a runner; without --group all groups run", async () => {
    const { code, lines } = await conformance("--dir", dir);
    expect(code).toBe(1);
    expect(lines).toContain("  group tea has no runner: none of its cases was evaluated");
    expect(lines.at(-1)).toBe("0 passed, 6 failed");
  });

  it.each([
    { args: [], message: "--dir is missing" },
    { args: ["--dir", "/nowhere/at/all"], message: "no folder /nowhere/at/all" },
    { args: ["--dir", ".", "--colour"], message: "--colour" },
    { args: ["--dir", import.meta.dirname, "--group", "tea"], message: "no group tea" },
    { args: ["--dir", join(import.meta.dirname, "hpa")], message: "no sub-folder holds a table" },
  ])("exits with 104: $message", async ({ args, message }) => {
    const { code, lines } = await conformance(...args);
    expect(code).toBe(104);
    expect(lines.join("\n")).toContain(message);
  });
});
