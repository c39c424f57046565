import { describe, expect, it } from "vitest";
import { resultSchema } from "../../sim/result/result.ts";
import { sampleResult } from "./sampleResult.ts";

describe("sampleResult", () => {
  it.each([{ n: 20 }, { n: 1 }, { n: 5, canary: true }, { policies: ["scheduled"] as const }])(
    "is a valid result with %o",
    (options) => {
      expect(resultSchema.safeParse(sampleResult(options)).error?.issues).toBeUndefined();
    },
  );
});
