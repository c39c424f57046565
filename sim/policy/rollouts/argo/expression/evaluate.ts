import pow from "@stdlib/math-base-special-pow";
import { isList, typeName, typeOf, typeOfValue } from "./check.ts";
import { ExpressionError } from "./error.ts";
import type { BinaryOperator, Expression, ExpressionValue } from "./syntax.ts";

/**
 * Value of an expression about `result`. Throws `ExpressionError`, and nothing else: for names and
 * types that do not fit, for an index out of range, and for more than a million steps.
 */
export function evaluateExpression(
  expression: Expression,
  result: ExpressionValue,
): ExpressionValue {
  typeOf(expression, typeOfValue(result));
  return new Evaluation(result).value(expression, null);
}

const MAX_STEPS = 1_000_000;
const INT_BITS = 64;

class Evaluation {
  readonly #result: ExpressionValue;
  #steps = 0;

  constructor(result: ExpressionValue) {
    this.#result = result;
  }

  /** `element` is what `#` stands for. */
  value(node: Expression, element: ExpressionValue): ExpressionValue {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) throw new ExpressionError("more than a million steps", node.at);
    switch (node.kind) {
      case "literal":
        return node.value;
      case "name":
        return this.#result;
      case "element":
        return element;
      case "unary":
        return this.#unary(node, element);
      case "binary":
        return this.#binary(node, element);
      case "conditional":
        return this.#isTrue(node.test, element)
          ? this.value(node.consequent, element)
          : this.value(node.alternative, element);
      case "index":
        return indexed(this.value(node.target, element), this.value(node.index, element), node.at);
      case "array":
        return node.items.map((item) => this.value(item, element));
      case "map":
        return Object.fromEntries(
          node.entries.map(([key, value]) => [key, this.value(value, element)]),
        );
      case "call":
        return this.#call(node, element);
      case "predicate":
        return this.#predicate(node, element);
    }
  }

  #isTrue(node: Expression, element: ExpressionValue): boolean {
    const value = this.value(node, element);
    if (typeof value === "boolean") return value;
    throw new ExpressionError(`expected a condition, found ${named(value)}`, node.at);
  }

  #unary(
    { operator, operand }: Expression & { kind: "unary" },
    element: ExpressionValue,
  ): ExpressionValue {
    if (operator === "!") return !this.#isTrue(operand, element);
    const value = this.value(operand, element);
    if (typeof value === "bigint") return operator === "-" ? wrapped(-value) : value;
    if (typeof value === "number") return operator === "-" ? -value : value;
    throw new ExpressionError(`expected a number, found ${named(value)}`, operand.at);
  }

  #binary(
    { operator, left, right, at }: Expression & { kind: "binary" },
    element: ExpressionValue,
  ): ExpressionValue {
    if (operator === "||") return this.#isTrue(left, element) || this.#isTrue(right, element);
    if (operator === "&&") return this.#isTrue(left, element) && this.#isTrue(right, element);
    const [a, b] = [this.value(left, element), this.value(right, element)];
    switch (operator) {
      case "==":
        return isEqual(a, b);
      case "!=":
        return !isEqual(a, b);
      case "in":
        return isIn(a, b, at);
      case "+":
        if (typeof a === "string" && typeof b === "string") return a + b;
        return arithmetic(operator, a, b, at);
      case "<":
      case ">":
      case "<=":
      case ">=":
        return compared(operator, a, b, at);
      default:
        return arithmetic(operator, a, b, at);
    }
  }

  #call(
    { name, args, at }: Expression & { kind: "call" },
    element: ExpressionValue,
  ): ExpressionValue {
    const values = args.map((arg) => this.value(arg, element));
    const [first = null, second = null] = values;
    switch (name) {
      case "len":
        return lengthOf(first, at);
      case "isNaN":
        return Number.isNaN(floatOf(first, at));
      case "isInf":
        return Math.abs(floatOf(first, at)) === Infinity;
      case "asInt":
        return asInt(first, at);
      case "asFloat":
        return asFloat(first, at);
      // These two look at the result, whatever they are given: so does Argo.
      case "isNil":
        return this.#result === null;
      case "default":
        return this.#result === null ? second : this.#result;
      default:
        throw new ExpressionError(`unknown function ${name}`, at);
    }
  }

  #predicate(
    { name, list, body }: Expression & { kind: "predicate" },
    element: ExpressionValue,
  ): ExpressionValue {
    const items = this.value(list, element);
    if (!isList(items)) {
      throw new ExpressionError(`expected a list, found ${named(items)}`, list.at);
    }
    const holds = (item: ExpressionValue): boolean => this.#isTrue(body, item);
    switch (name) {
      case "all":
        return items.every(holds);
      case "any":
        return items.some(holds);
      case "none":
        return !items.some(holds);
      case "filter":
        return items.filter(holds);
    }
  }
}

const named = (value: ExpressionValue): string => typeName(typeOfValue(value));
const wrapped = (value: bigint): bigint => BigInt.asIntN(INT_BITS, value);
const isNumeric = (value: ExpressionValue): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

function indexed(target: ExpressionValue, key: ExpressionValue, at: number): ExpressionValue {
  if (isList(target) && typeof key === "bigint") {
    const index = key < 0n ? key + BigInt(target.length) : key;
    const item = index < 0n ? undefined : target[Number(index)];
    if (item !== undefined) return item;
    throw new ExpressionError(`no element ${key} in a list of ${target.length}`, at);
  }
  if (target !== null && typeof target === "object" && typeof key === "string") {
    return Object.entries(target).find(([name]) => name === key)?.[1] ?? null;
  }
  throw new ExpressionError(`a ${named(target)} has no element of a ${named(key)}`, at);
}

function compared(
  operator: BinaryOperator,
  a: ExpressionValue,
  b: ExpressionValue,
  at: number,
): boolean {
  const areNumbers = isNumeric(a) && isNumeric(b);
  const areStrings = typeof a === "string" && typeof b === "string";
  if (!areNumbers && !areStrings) return unfit(operator, a, b, at);
  switch (operator) {
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    default:
      return a >= b;
  }
}

function arithmetic(
  operator: BinaryOperator,
  a: ExpressionValue,
  b: ExpressionValue,
  at: number,
): ExpressionValue {
  if (!isNumeric(a) || !isNumeric(b)) return unfit(operator, a, b, at);
  const areWhole = typeof a === "bigint" && typeof b === "bigint";
  switch (operator) {
    case "+":
      return areWhole ? wrapped(a + b) : Number(a) + Number(b);
    case "-":
      return areWhole ? wrapped(a - b) : Number(a) - Number(b);
    case "*":
      return areWhole ? wrapped(a * b) : Number(a) * Number(b);
    case "/":
      return Number(a) / Number(b);
    case "**":
      return pow(Number(a), Number(b));
    default: {
      if (!areWhole) return unfit(operator, a, b, at);
      if (b === 0n) throw new ExpressionError("division by zero", at);
      return a % b;
    }
  }
}

function unfit(
  operator: BinaryOperator,
  a: ExpressionValue,
  b: ExpressionValue,
  at: number,
): never {
  throw new ExpressionError(`${operator} does not go with ${named(a)} and ${named(b)}`, at);
}

function isEqual(a: ExpressionValue, b: ExpressionValue): boolean {
  // A whole number equals a float of the same amount.
  if (isNumeric(a) && isNumeric(b)) return Number(a) === Number(b);
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false;
    return a.every((item, index) => isEqual(item, b[index]!));
  }
  const fields = Object.entries(a);
  const others = new Map(Object.entries(b));
  return (
    fields.length === others.size &&
    fields.every(([key, value]) => others.has(key) && isEqual(value, others.get(key) ?? null))
  );
}

function isIn(a: ExpressionValue, b: ExpressionValue, at: number): boolean {
  if (b !== null && isList(b)) return b.some((item) => isEqual(a, item));
  if (b === null) return false;
  if (typeof b === "object" && typeof a === "string") return Object.hasOwn(b, a);
  return unfit("in", a, b, at);
}

function lengthOf(value: ExpressionValue, at: number): bigint {
  if (typeof value === "string") return BigInt([...value].length);
  if (value !== null && isList(value)) return BigInt(value.length);
  if (value !== null && typeof value === "object") return BigInt(Object.keys(value).length);
  throw new ExpressionError(`a ${named(value)} has no length`, at);
}

function floatOf(value: ExpressionValue, at: number): number {
  if (isNumeric(value)) return Number(value);
  throw new ExpressionError(`expected a float, found ${named(value)}`, at);
}

/** Towards zero; what fits no 64-bit number becomes the lowest one, as on amd64. */
function asInt(value: ExpressionValue, at: number): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") {
    const fits = Math.abs(value) < 2 ** 63;
    return fits ? BigInt(Math.trunc(value)) : -(2n ** 63n);
  }
  if (typeof value === "string" && /^[+-]?[0-9]+$/.test(value)) {
    const whole = BigInt(value.replace(/^\+/, ""));
    if (whole === wrapped(whole)) return whole;
  }
  throw new ExpressionError(`asInt cannot read ${shownValue(value)}`, at);
}

function asFloat(value: ExpressionValue, at: number): number {
  if (isNumeric(value)) return Number(value);
  if (typeof value === "string") {
    if (/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value)) return Number(value);
    const word = /^([+-]?)(nan|inf|infinity)$/i.exec(value);
    if (word !== null) {
      if (word[2]!.toLowerCase() === "nan") return NaN;
      return word[1] === "-" ? -Infinity : Infinity;
    }
  }
  throw new ExpressionError(`asFloat cannot read ${shownValue(value)}`, at);
}

const shownValue = (value: ExpressionValue): string =>
  typeof value === "string" ? JSON.stringify(value) : named(value);
