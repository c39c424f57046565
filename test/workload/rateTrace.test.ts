import { describe, expect, it } from "vitest";
import { compileProfile } from "../../sim/workload/compileProfile.ts";
import { parseRateTrace } from "../../sim/workload/rateTrace.ts";

const SECOND = 1_000_000;

describe("a trace of rates", () => {
  it("holds each rate until the next row, and counts time from its first row", () => {
    const text = "timestamp_s,rps\n1700000000,10\n1700000060,25.5\r\n\n# a gap\n1700000090.5, 0\n";
    const trace = parseRateTrace(text);
    expect(trace).toEqual({
      kind: "trace",
      steps: [
        { at: 0, rate: 10 },
        { at: 60 * SECOND, rate: 25.5 },
        { at: 90.5 * SECOND, rate: 0 },
      ],
    });
    if (trace.kind !== "trace") return;
    const profile = compileProfile({ kind: "steps", steps: trace.steps }, 100 * SECOND);
    expect(profile.total).toBe(600 + 30.5 * 25.5);
  });

  it("reads a file with a byte order mark", () => {
    expect(parseRateTrace("\uFEFFtimestamp_s,rps\n0,1").kind).toBe("trace");
  });

  it("tells all problems, each with its line", () => {
    const text = [
      "time,rps",
      "0,1",
      "abc,2",
      "5,-3",
      "",
      "4,1,7",
      "0,9",
      "6,Infinity",
      "0x10,1",
      "7,",
      "8,4",
    ].join("\n");
    expect(parseRateTrace(text)).toEqual({
      kind: "problems",
      problems: [
        { line: 1, expected: "the header timestamp_s,rps", received: "time,rps" },
        { line: 3, expected: "a timestamp in seconds", received: "abc" },
        { line: 4, expected: "a rate of at least 0 per second", received: "-3" },
        { line: 6, expected: "two columns", received: "4,1,7" },
        { line: 7, expected: "a timestamp after 0", received: "0" },
        { line: 8, expected: "a rate of at least 0 per second", received: "Infinity" },
        { line: 9, expected: "a timestamp in seconds", received: "0x10" },
        { line: 10, expected: "a rate of at least 0 per second", received: "" },
      ],
    });
  });

  it("without any row there is no trace", () => {
    const lines = (text: string): readonly (readonly [number, string])[] => {
      const trace = parseRateTrace(text);
      return trace.kind === "trace" ? [] : trace.problems.map((p) => [p.line, p.expected] as const);
    };
    expect(lines("")).toEqual([[1, "the header timestamp_s,rps"]]);
    expect(lines("timestamp_s,rps\n")).toEqual([[2, "at least one row"]]);
  });
});
