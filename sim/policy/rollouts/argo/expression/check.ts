import { ExpressionError } from "./error.ts";
import type { BinaryOperator, Expression, ExpressionValue } from "./syntax.ts";

/**
 * What is known of a value before anything is evaluated. `any` comes out of mixed lists, maps and
 * conditionals, and is looked at only when it is there.
 */
export type ExpressionType =
  | "any"
  | "nil"
  | "bool"
  | "int"
  | "float"
  | "string"
  | "map"
  | { readonly element: ExpressionType };

/**
 * Type of an expression that is asked about a `result` of a type; `ExpressionError` when a part
 * cannot be right. Parts that would never be evaluated are checked as well, as the compiler of expr
 * does: `true || nosuch` is an error.
 */
export function typeOf(expression: Expression, result: ExpressionType): ExpressionType {
  return new Checker(result).type(expression, null);
}

export function typeOfValue(value: ExpressionValue): ExpressionType {
  if (value === null) return "nil";
  if (isList(value)) return { element: common(value.map(typeOfValue)) };
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
      return "float";
    case "bigint":
      return "int";
    case "string":
      return "string";
    default:
      return "map";
  }
}

export const isList = (value: ExpressionValue): value is readonly ExpressionValue[] =>
  Array.isArray(value);

/** `float`, `list of float`: a type as it stands in a message. */
export const typeName = (type: ExpressionType): string =>
  typeof type === "string" ? type : `list of ${typeName(type.element)}`;

class Checker {
  readonly #result: ExpressionType;

  constructor(result: ExpressionType) {
    this.#result = result;
  }

  /** `element` is the type of `#`, null outside of closures. */
  type(node: Expression, element: ExpressionType | null): ExpressionType {
    switch (node.kind) {
      case "literal":
        return typeOfValue(node.value);
      case "element":
        return element ?? "any";
      case "name":
        if (node.name === "result") return this.#result;
        throw new ExpressionError(`unknown name ${node.name}`, node.at);
      case "unary":
        return this.#unary(node, element);
      case "binary":
        return binaryType(node, this.type(node.left, element), this.type(node.right, element));
      case "conditional":
        demand(this.type(node.test, element), isBool, "a condition", node.test.at);
        return common([this.type(node.consequent, element), this.type(node.alternative, element)]);
      case "index":
        return this.#index(node, element);
      case "array":
        return { element: common(node.items.map((item) => this.type(item, element))) };
      case "map":
        for (const [, value] of node.entries) this.type(value, element);
        return "map";
      case "call":
        return this.#call(node, element);
      case "predicate": {
        const list = this.type(node.list, element);
        demand(list, (type) => typeof type === "object", "a list", node.list.at);
        const inner = typeof list === "object" ? list.element : "any";
        demand(this.type(node.body, inner), isBool, "a condition", node.body.at);
        return node.name === "filter" ? { element: inner } : "bool";
      }
    }
  }

  #unary(
    { operator, operand }: Expression & { kind: "unary" },
    element: ExpressionType | null,
  ): ExpressionType {
    const type = this.type(operand, element);
    if (operator === "!") return demand(type, isBool, "a condition", operand.at);
    return demand(type, isNumber, "a number", operand.at);
  }

  #index(
    { target, index }: Expression & { kind: "index" },
    element: ExpressionType | null,
  ): ExpressionType {
    const type = this.type(target, element);
    const key = this.type(index, element);
    if (type === "any") return "any";
    if (type === "map") {
      demand(key, (known) => known === "string", "a key", index.at);
      return "any";
    }
    if (typeof type !== "object") {
      throw new ExpressionError(`a ${typeName(type)} has no elements or fields`, target.at);
    }
    demand(key, (known) => known === "int", "a whole number", index.at);
    return type.element;
  }

  #call(
    { name, args, at }: Expression & { kind: "call" },
    element: ExpressionType | null,
  ): ExpressionType {
    const types = args.map((arg) => this.type(arg, element));
    const arity = name === "default" ? 2 : 1;
    const result = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (result === undefined) throw new ExpressionError(`unknown function ${name}`, at);
    const [first] = types;
    if (types.length !== arity || first === undefined) {
      throw new ExpressionError(`${name} takes ${arity} values, found ${types.length}`, at);
    }
    if (name === "len") demand(first, hasLength, "a list, map or string", args[0]!.at);
    // Literals turn into floats where a float is wanted; a whole number of `asInt` does not.
    if (name === "isNaN" || name === "isInf") {
      const isFloat = (type: ExpressionType) => type === "float" || isWholeLiteral(args[0]!);
      demand(first, isFloat, "a float", args[0]!.at);
    }
    return result;
  }
}

const FUNCTIONS: Readonly<Record<string, ExpressionType>> = {
  len: "int",
  isNaN: "bool",
  isInf: "bool",
  isNil: "bool",
  asInt: "int",
  asFloat: "float",
  default: "any",
};

function isWholeLiteral(node: Expression): boolean {
  if (node.kind === "unary") return isWholeLiteral(node.operand);
  if (node.kind === "binary") return isWholeLiteral(node.left) && isWholeLiteral(node.right);
  return node.kind === "literal" && typeof node.value === "bigint";
}

const isBool = (type: ExpressionType): boolean => type === "bool";
const isNumber = (type: ExpressionType): boolean => type === "int" || type === "float";
const isString = (type: ExpressionType): boolean => type === "string";
const hasLength = (type: ExpressionType): boolean =>
  typeof type === "object" || type === "map" || type === "string";

/** The type itself, if it is right or may turn out to be. */
function demand(
  type: ExpressionType,
  isRight: (type: ExpressionType) => boolean,
  wanted: string,
  at: number,
): ExpressionType {
  if (type === "any" || isRight(type)) return type;
  throw new ExpressionError(`expected ${wanted}, found ${typeName(type)}`, at);
}

function binaryType(
  { operator, left, right, at }: Expression & { kind: "binary" },
  a: ExpressionType,
  b: ExpressionType,
): ExpressionType {
  const both = (is: (type: ExpressionType) => boolean): boolean =>
    (a === "any" || is(a)) && (b === "any" || is(b));
  switch (operator) {
    case "||":
    case "&&":
      demand(a, isBool, "a condition", left.at);
      demand(b, isBool, "a condition", right.at);
      return "bool";
    case "==":
    case "!=":
      return isComparable(a, b) ? "bool" : mismatch(operator, a, b, at);
    case "<":
    case ">":
    case "<=":
    case ">=":
      return both(isNumber) || both(isString) ? "bool" : mismatch(operator, a, b, at);
    case "in":
      return isContainer(a, b) ? "bool" : mismatch(operator, a, b, at);
    case "+":
      if (both(isString) && !both(isNumber)) return "string";
      return both(isNumber) ? sumType(a, b) : mismatch(operator, a, b, at);
    case "-":
    case "*":
      return both(isNumber) ? sumType(a, b) : mismatch(operator, a, b, at);
    case "/":
    case "**":
      return both(isNumber) ? "float" : mismatch(operator, a, b, at);
    case "%":
      return both((type) => type === "int") ? "int" : mismatch(operator, a, b, at);
  }
}

function mismatch(
  operator: BinaryOperator,
  a: ExpressionType,
  b: ExpressionType,
  at: number,
): never {
  throw new ExpressionError(`${operator} does not go with ${typeName(a)} and ${typeName(b)}`, at);
}

function sumType(a: ExpressionType, b: ExpressionType): ExpressionType {
  if (a === "float" || b === "float") return "float";
  return a === "int" && b === "int" ? "int" : "any";
}

function isComparable(a: ExpressionType, b: ExpressionType): boolean {
  if (a === "any" || b === "any" || a === "nil" || b === "nil") return true;
  if (isNumber(a) && isNumber(b)) return true;
  if (typeof a === "object" || typeof b === "object") return typeof a === typeof b;
  return a === b;
}

function isContainer(a: ExpressionType, b: ExpressionType): boolean {
  if (b === "any") return true;
  if (b === "map") return a === "any" || a === "string";
  return typeof b === "object" && isComparable(a, b.element);
}

/** The type that all of them have; mixed ones and none at all are `any`. */
function common(types: readonly ExpressionType[]): ExpressionType {
  const [first, ...others] = types;
  if (first === undefined) return "any";
  return others.reduce(joined, first);
}

function joined(a: ExpressionType, b: ExpressionType): ExpressionType {
  if (typeof a === "object" && typeof b === "object") {
    return { element: joined(a.element, b.element) };
  }
  return a === b ? a : "any";
}
