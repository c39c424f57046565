import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalQuantity,
  formatMilli,
  parseBytes,
  parseMillicores,
  parseQuantity,
  toApproximateNumber,
} from "../../sim/workload/quantity.ts";

describe("reading", () => {
  it.each([
    ["500m", 500],
    ["1", 1000],
    [0.5, 500],
    ["1.5", 1500],
    [".5", 500],
    ["2.", 2000],
    ["+3", 3000],
    ["-2", -2000],
    ["1e3", 1_000_000],
    ["1E-1", 100],
    ["1k", 1_000_000],
    ["1n", 1],
    ["1234567890n", 1235],
    ["0.1n", 1],
  ])("%s is %d thousandths, rounded up", (text, want) => {
    expect(parseMillicores(text)).toBe(want);
  });
  it.each([
    ["1Gi", 1_073_741_824],
    ["512Mi", 536_870_912],
    ["1.5Gi", 1_610_612_736],
    ["0.1Ki", 103],
    ["1G", 1_000_000_000],
    ["1E", 1_000_000_000_000_000_000],
    ["1500m", 2],
  ])("%s is %d bytes, rounded up", (text, want) => {
    expect(parseBytes(text)).toBe(want);
  });
  it.each(["", "m", "1K", "1gi", "1 Gi", "1e", "1.2.3", "0x10", "∞", "1mi", "--1"])(
    "%j is no quantity",
    (text) => {
      expect(parseQuantity(text)).toBeNull();
    },
  );
});

describe("writing", () => {
  it.each([
    ["0.05", "50m"],
    ["0", "0"],
    ["0.0", "0"],
    ["1.5", "1500m"],
    ["1000", "1k"],
    ["1500", "1500"],
    ["1000m", "1"],
    ["0.0000000001", "1n"],
    ["1e3", "1e3"],
    ["1500e3", "1500e3"],
    ["10e2", "1e3"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["512Ki", "512Ki"],
    ["0.5Ki", "512"],
    ["1.1Ki", "1126400m"],
    ["-2048Ki", "-2Mi"],
    ["99999999999999999999", "9223372036854775807"],
  ])("%s becomes %s", (text, want) => {
    expect(canonicalQuantity(text)).toBe(want);
  });

  it("the canonical spelling means the same and stays as it is", () => {
    const numbers = fc.tuple(
      fc.nat(10_000_000),
      fc.constantFrom("", "m", "k", "M", "Ki", "Mi", "Gi", "e3"),
    );
    fc.assert(
      fc.property(numbers, ([digits, suffix]) => {
        const text = `${digits}${suffix}`;
        const canonical = canonicalQuantity(text) ?? "";
        expect(parseQuantity(canonical)?.nanos).toBe(parseQuantity(text)?.nanos);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });
});

it("approximates by mantissa times power of ten", () => {
  const approximate = (text: string) => {
    const quantity = parseQuantity(text);
    return quantity === null ? null : toApproximateNumber(quantity);
  };
  expect(["0.05", "0.1", "1.5", "0", "2"].map(approximate)).toEqual([0.05, 0.1, 1.5, 0, 2]);
});

it("shows thousandths as kubectl does", () => {
  expect([1500, 2000, 0, 7].map(formatMilli)).toEqual(["1500m", "2", "0", "7m"]);
});
