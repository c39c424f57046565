import { describe, expect, it } from "vitest";
import { warningsOf } from "../../sim/experiment/warnings.ts";
import { minutes } from "../../sim/kernel/time.ts";
import { sampleResult } from "../reports/sampleResult.ts";

describe("warnings", () => {
  const [policy] = sampleResult({ n: 20 }).policies;

  it("tell of arrivals that were dropped, and of nothing where none were", () => {
    const dropping = {
      ...policy!,
      replications: policy!.replications.map((run) => ({ ...run, dropped: 3 })),
    };
    const text = `${policy!.name}: 60 arrivals were dropped; the load was not as given.`;
    expect(warningsOf([dropping], minutes(30))).toContain(text);
    expect(warningsOf([policy!], minutes(30)).join(" ")).not.toMatch(/dropped/);
  });
});
