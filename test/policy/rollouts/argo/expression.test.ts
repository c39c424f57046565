import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExpressionError } from "../../../../sim/policy/rollouts/argo/expression/error.ts";
import { evaluateExpression } from "../../../../sim/policy/rollouts/argo/expression/evaluate.ts";
import { parseExpression } from "../../../../sim/policy/rollouts/argo/expression/parser.ts";
import type { ExpressionValue } from "../../../../sim/policy/rollouts/argo/expression/syntax.ts";
import { judge } from "../../../../sim/policy/rollouts/argo/measurement.ts";

const evaluated = (text: string, result: ExpressionValue = 1): ExpressionValue =>
  evaluateExpression(parseExpression(text), result);

/** The error that it throws, which must be the language's own. */
function errorOf(evaluate: () => unknown): string {
  try {
    evaluate();
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return String(error);
  }
  return "no error";
}

describe("values", () => {
  it.each<[text: string, result: ExpressionValue, value: ExpressionValue]>([
    ["1 + 2 * 3", 0, 7n],
    ["(1 + 2) * 3", 0, 9n],
    ["2 ** 3 ** 2", 0, 512],
    ["2 ^ 3", 0, 8],
    ["-2 ** 2", 0, -4],
    ["7 / 2", 0, 3.5],
    ["-7 % 4", 0, -3n],
    ["0x10 + 1_000", 0, 1016n],
    [".5 + 1e1 + 1.", 0, 11.5],
    ["9223372036854775807 + 1", 0, -(2n ** 63n)],
    ["\"a\" + 'b' + `\\c`", 0, "ab\\c"],
    ['"\\"\\n"', 0, '"\n'],
    ["1 < 2 and 2 < 1 or true", 0, true],
    ["1 < result <= 3", 3, true],
    ["3 > 2 > 1 > 1", 0, false],
    ["not false && true", 0, true],
    ["1 not in [2, 3]", 0, true],
    ["result in [0, 1]", 1, true],
    ['"a" in {a: 1, "b": 2}', 0, true],
    ["nil == nil && nil != 1", 0, true],
    ["[1, 2.0] == [1.0, 2]", 0, true],
    ['{"a": [1]} == {"a": [1]}', 0, true],
    ["result > 1 ? 1 : result > 0 ? 2 : 3", 0.5, 2n],
    ["result[-1]", [1, 2, 3], 3],
    ["result[len(result) - 1]", [1, 2, 3], 3],
    ["result.data.p95[0]", { data: { p95: [7] } }, 7],
    ['result["absent"] == nil', { a: 1 }, true],
    ["all(result, # > 0)", [1, 2], true],
    ["all(result, {# > 0})", [], true],
    ["any(result, {.errors > 0})", [{ errors: 0 }, { errors: 2 }], true],
    ["none(result, {# in filter(result, {# > 2})})", [1, 2], true],
    ["filter(result, # >= 2)", [1, 2, 3], [2, 3]],
    ['len("äöü") + len({a: 1})', 0, 4n],
    ["asInt(-1.9)", 0, -1n],
    ['asInt("12") + asInt(true ? 1 : 2)', 0, 13n],
    ['asFloat("1e3")', 0, 1000],
    ["isInf(asFloat(\"-Inf\")) && isNaN(asFloat('nan'))", 0, true],
    ["isNaN(1)", 0, false],
    ["default(result, 5)", null, 5n],
    ["default(result, 5)", 0, 0],
    ["isNil(result)", null, true],
  ])("%s", (text, result, value) => {
    expect(evaluated(text, result)).toEqual(value);
  });

  it("compares as floats do: NaN is neither more nor less nor the same", () => {
    expect(evaluated("result < 1 || result >= 1 || result == result", NaN)).toBe(false);
    expect(evaluated("result != result", NaN)).toBe(true);
  });
});

describe("errors name the place", () => {
  it.each<[text: string, result: ExpressionValue, message: string]>([
    ["", 1, "expected a value, found the end, at character 1"],
    ["result >", 1, "expected a value, found the end, at character 9"],
    ["result > 1)", 1, "unexpected ), at character 11"],
    ["(1", 1, "expected ), found the end, at character 3"],
    ["1 @ 2", 1, "unexpected character @, at character 3"],
    ['"abc', 1, "string without an end, at character 1"],
    ['"\\q"', 1, "unknown escape in a string, at character 2"],
    ["99999999999999999999", 1, "whole number beyond 64 bits, at character 1"],
    ["# > 1", 1, "# outside of all, any, none and filter, at character 1"],
    ["true || nosuch", 1, "unknown name nosuch, at character 9"],
    ["nosuch(1)", 1, "unknown function nosuch, at character 1"],
    ["constructor(1)", 1, "unknown function constructor, at character 1"],
    ["len()", [1], "len takes 1 values, found 0, at character 1"],
    ["result % 2", 1, "% does not go with float and int, at character 8"],
    ['result > "a"', 1, "> does not go with float and string, at character 8"],
    ["false && result", 1, "expected a condition, found float, at character 10"],
    ["not result > 0.5", 1, "expected a condition, found float, at character 5"],
    ["result[0]", 1, "a float has no elements or fields, at character 1"],
    ["result[0.5]", [1], "expected a whole number, found float, at character 8"],
    ["result[1]", [1], "no element 1 in a list of 1, at character 7"],
    ["result[0]", [], "no element 0 in a list of 0, at character 7"],
    ["result.a.b", { a: 1 }, "a float has no element of a string, at character 9"],
    ["1 % 0 == 0", 1, "division by zero, at character 3"],
    ["isNaN(asInt(result))", 1, "expected a float, found int, at character 7"],
    ['asInt("1.5")', 1, 'asInt cannot read "1.5", at character 1'],
    ["all(result, {#})", [1], "expected a condition, found float, at character 14"],
    ["all(result, {# > 0})", 1, "expected a list, found float, at character 5"],
    [`${"(".repeat(200)}1`, 1, "nested more than 100 deep, at character 101"],
    [`1${" ".repeat(5000)}`, 1, "more than 4096 characters, at character 4097"],
  ])("%s", (text, result, message) => {
    expect(errorOf(() => evaluated(text, result))).toBe(`ExpressionError: ${message}`);
  });
});

it("never hangs: nested closures run out of steps, long sums do not run out of stack", () => {
  const list = Array.from({ length: 60 }, (_, index) => index);
  const nested = `${"all(result, {".repeat(6)}# >= 0${"})".repeat(6)}`;
  expect(() => evaluated(nested, list)).toThrow("more than a million steps");
  expect(evaluated(`0${"+1".repeat(2000)}`)).toBe(2000n);
});

const result: fc.Arbitrary<ExpressionValue> = fc.oneof(
  fc.double(),
  fc.array(fc.double()),
  fc.constant(null),
  fc.constant({ a: { b: [1] }, errors: 2 }),
);
const pieces = [
  ..."#.,?:()[]{}+-*/%^<>!",
  ..."result,all(,any(,filter(,len(,asInt(,isNaN(,default(,true,nil,not,in,and,or".split(","),
  ..."0,1,2.5,'a',==,>=,**,||,&&,a,errors".split(","),
];

it("throws nothing but its own error, whatever the text and the value", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((list) => list.join(" ")),
    fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(text, result, (written, measured) => {
      expect(errorOf(() => evaluated(written, measured))).toMatch(
        /^(no error|ExpressionError: .+)$/s,
      );
    }),
    { numRuns: 1500 },
  );
});

it("has the comparisons, arithmetic and connectives of JavaScript", () => {
  const term = fc.tuple(fc.nat(9), fc.constantFrom("+", "-", "*"), fc.nat(9));
  const comparison = fc.tuple(term, fc.constantFrom("<", "<=", "==", "!=", ">", ">="), term);
  const compared = (a: number, operator: string, b: number): boolean =>
    ({ "<": a < b, "<=": a <= b, "==": a === b, "!=": a !== b, ">": a > b, ">=": a >= b })[
      operator
    ] ?? false;
  const amount = ([a, operator, b]: [number, string, number]): number =>
    operator === "+" ? a + b : operator === "-" ? a - b : a * b;
  fc.assert(
    fc.property(fc.array(comparison, { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts.map((part) => part.flat().join(" ")).join(" && ");
      const wanted = parts.every(([a, operator, b]) => compared(amount(a), operator, amount(b)));
      expect(evaluated(text)).toBe(wanted);
    }),
  );
});

describe("verdicts on a measurement", () => {
  const success = "result >= 0.95";
  const failure = "result < 0.9";
  it.each<[string, string | null, string | null, ExpressionValue, string]>([
    ["success alone", success, null, 0.5, "Failed"],
    ["failure alone", null, failure, 0.92, "Successful"],
    ["neither of both", success, failure, 0.92, "Inconclusive"],
    ["both of both", "true", "true", 1, "Failed"],
    ["no condition", null, null, NaN, "Successful"],
    ["not-a-number and success", success, null, NaN, "Failed"],
    ["not-a-number and failure", null, failure, NaN, "Successful"],
    ["not-a-number and both", success, failure, NaN, "Inconclusive"],
    ["no boolean", "result", null, 1, "Error"],
    ["an error in the condition that would not decide", "result > 2", "nosuch", 1, "Error"],
  ])("%s", (_, successCondition, failureCondition, value, verdict) => {
    expect(judge({ successCondition, failureCondition }, value)).toBe(verdict);
  });
});
