import { ExpressionError } from "./error.ts";
import { type Token, tokensOf } from "./lexer.ts";
import { type BinaryOperator, type Expression, PREDICATES, type Predicate } from "./syntax.ts";

/**
 * Reads a condition of an AnalysisTemplate: the part of the language `expr` that conditions use.
 * Source: https://expr-lang.org/docs/language-definition
 *
 * Throws `ExpressionError`, and nothing else, for whatever is not one.
 */
export function parseExpression(text: string): Expression {
  const parser = new Parser(tokensOf(text));
  const expression = parser.expression(0);
  parser.expectEnd();
  return expression;
}

/** Deeper nesting is refused rather than left to the stack. */
const MAX_DEPTH = 100;

/** Binding strengths of expr, from loose to tight. */
const BINARY: Readonly<Record<string, readonly [operator: BinaryOperator, strength: number]>> = {
  or: ["||", 10],
  "||": ["||", 10],
  and: ["&&", 15],
  "&&": ["&&", 15],
  "==": ["==", 20],
  "!=": ["!=", 20],
  "<": ["<", 20],
  ">": [">", 20],
  "<=": ["<=", 20],
  ">=": [">=", 20],
  in: ["in", 20],
  "+": ["+", 30],
  "-": ["-", 30],
  "*": ["*", 60],
  "/": ["/", 60],
  "%": ["%", 60],
  "**": ["**", 100],
  "^": ["**", 100],
};
const UNARY: Readonly<Record<string, readonly [operator: "!" | "-" | "+", strength: number]>> = {
  not: ["!", 50],
  "!": ["!", 50],
  "-": ["-", 90],
  "+": ["+", 90],
};
const ORDERINGS: readonly BinaryOperator[] = ["<", ">", "<=", ">="];
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["nil", null],
]);
const WORDS: readonly string[] = ["or", "and", "in", "not"];
const MAX_INT = 2n ** 63n - 1n;

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #closures = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Everything that binds at least as tightly as `strength`. */
  expression(strength: number): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`);
    let left = this.#operand();
    for (let found = this.#binary(strength); found !== null; found = this.#binary(strength)) {
      left = this.#rest(left, found);
    }
    if (strength === 0 && this.#takes("?")) left = this.#conditional(left);
    this.#depth -= 1;
    return left;
  }

  expectEnd(): void {
    if (this.#token.kind !== "end") this.#fail(`unexpected ${this.#token.text}`);
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  /** The operator in front, if it binds tightly enough; `not in` is one. */
  #binary(strength: number): Found | null {
    const { kind, text, at } = this.#token;
    if (kind !== "operator" && kind !== "name") return null;
    const isNegated = text === "not" && this.#tokens[this.#next + 1]?.text === "in";
    const entry = Object.hasOwn(BINARY, text) || isNegated ? BINARY[isNegated ? "in" : text] : null;
    if (entry == null || entry[1] < strength) return null;
    this.#next += isNegated ? 2 : 1;
    return { operator: entry[0], strength: entry[1], isNegated, at };
  }

  #rest(left: Expression, { operator, strength, isNegated, at }: Found): Expression {
    const right = this.expression(operator === "**" ? strength : strength + 1);
    const node: Expression = { kind: "binary", operator, left, right, at };
    if (isNegated) return { kind: "unary", operator: "!", operand: node, at };
    return ORDERINGS.includes(operator) ? this.#chain(node, right) : node;
  }

  /** `a < b <= c` means `a < b && b <= c`. */
  #chain(first: Expression, second: Expression): Expression {
    let all = first;
    let left = second;
    for (;;) {
      const { kind, text, at } = this.#token;
      const operator = ORDERINGS.find((ordering) => ordering === text);
      if (kind !== "operator" || operator === undefined) return all;
      this.#next += 1;
      const right = this.expression(21);
      const next: Expression = { kind: "binary", operator, left, right, at };
      all = { kind: "binary", operator: "&&", left: all, right: next, at };
      left = right;
    }
  }

  #conditional(test: Expression): Expression {
    const { at } = test;
    const consequent = this.expression(0);
    this.#expect(":");
    return { kind: "conditional", test, consequent, alternative: this.expression(0), at };
  }

  #operand(): Expression {
    const { kind, text, at } = this.#token;
    const isUnary = kind === "operator" || text === "not";
    const unary = isUnary && kind !== "string" && Object.hasOwn(UNARY, text) ? UNARY[text] : null;
    if (unary == null) return this.#postfix(this.#primary());
    this.#next += 1;
    const operand = this.expression(unary[1]);
    return { kind: "unary", operator: unary[0], operand, at };
  }

  #primary(): Expression {
    const { kind, text, at } = this.#token;
    if (kind === "number") return this.#number();
    if (kind === "string") {
      this.#next += 1;
      return { kind: "literal", value: text, at };
    }
    if (kind === "name" && !WORDS.includes(text)) return this.#named();
    if (this.#takes("(")) {
      const inner = this.expression(0);
      this.#expect(")");
      return inner;
    }
    if (this.#takes("[")) return { kind: "array", items: this.#listUntil("]"), at };
    if (this.#takes("{")) return this.#map(at);
    if (this.#closures > 0 && kind === "operator") {
      if (this.#takes("#")) return { kind: "element", at };
      // In a closure `.field` is short for `#.field`; what follows is read as of any operand.
      if (text === ".") return { kind: "element", at };
    }
    if (text === "#") return this.#fail("# outside of all, any, none and filter");
    return this.#fail(`expected a value, found ${text}`);
  }

  #number(): Expression {
    const { text, at } = this.#token;
    this.#next += 1;
    const digits = text.replaceAll("_", "");
    if (/^0[xX]./.test(digits) || /^[0-9]+$/.test(digits)) {
      const value = BigInt(digits);
      if (value > MAX_INT) throw new ExpressionError("whole number beyond 64 bits", at);
      return { kind: "literal", value, at };
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new ExpressionError(`${text} is no number`, at);
    return { kind: "literal", value, at };
  }

  #named(): Expression {
    const { text: name, at } = this.#token;
    this.#next += 1;
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return { kind: "literal", value: constant, at };
    if (!this.#takes("(")) return { kind: "name", name, at };
    const predicate = PREDICATES.find((known) => known === name);
    if (predicate !== undefined) return this.#predicate(predicate, at);
    return { kind: "call", name, args: this.#listUntil(")"), at };
  }

  #predicate(name: Predicate, at: number): Expression {
    const list = this.expression(0);
    this.#expect(",");
    const isBraced = this.#takes("{");
    this.#closures += 1;
    const body = this.expression(0);
    this.#closures -= 1;
    if (isBraced) this.#expect("}");
    this.#expect(")");
    return { kind: "predicate", name, list, body, at };
  }

  #map(at: number): Expression {
    const entries: [string, Expression][] = [];
    while (!this.#takes("}")) {
      if (entries.length > 0) this.#expect(",");
      if (entries.length > 0 && this.#takes("}")) break;
      const { kind, text } = this.#token;
      if (kind !== "string" && kind !== "name" && kind !== "number") {
        this.#fail(`expected a key, found ${text}`);
      }
      this.#next += 1;
      this.#expect(":");
      entries.push([text, this.expression(0)]);
    }
    return { kind: "map", entries, at };
  }

  #postfix(operand: Expression): Expression {
    let target = operand;
    for (;;) {
      const { at } = this.#token;
      if (this.#takes("[")) {
        const index = this.expression(0);
        this.#expect("]");
        target = { kind: "index", target, index, at };
      } else if (this.#takes(".")) {
        const { kind, text, at: field } = this.#token;
        if (kind !== "name") this.#fail(`expected a field, found ${text}`);
        this.#next += 1;
        target = { kind: "index", target, index: { kind: "literal", value: text, at: field }, at };
      } else {
        return target;
      }
    }
  }

  /** Expressions between commas up to a closing bracket; a comma before it does no harm. */
  #listUntil(close: string): readonly Expression[] {
    const items: Expression[] = [];
    while (!this.#takes(close)) {
      if (items.length > 0) this.#expect(",");
      if (items.length > 0 && this.#takes(close)) break;
      items.push(this.expression(0));
    }
    return items;
  }

  #takes(text: string): boolean {
    const isNext = this.#token.kind === "operator" && this.#token.text === text;
    if (isNext) this.#next += 1;
    return isNext;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) this.#fail(`expected ${text}, found ${this.#token.text}`);
  }

  #fail(problem: string): never {
    throw new ExpressionError(problem, this.#token.at);
  }
}

interface Found {
  readonly operator: BinaryOperator;
  readonly strength: number;
  readonly isNegated: boolean;
  readonly at: number;
}
