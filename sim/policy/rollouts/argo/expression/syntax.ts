/**
 * Values of the language. Whole numbers are 64-bit (bigint), as results of `asInt` and literals
 * like `1` are; everything measured is a float.
 */
export type ExpressionValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly ExpressionValue[]
  | { readonly [key: string]: ExpressionValue };

export type BinaryOperator =
  | "||"
  | "&&"
  | "=="
  | "!="
  | "<"
  | ">"
  | "<="
  | ">="
  | "in"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "**";

export const PREDICATES = ["all", "any", "none", "filter"] as const;
export type Predicate = (typeof PREDICATES)[number];

/** A parsed expression; `at` is where in the text it is. */
export type Expression = { readonly at: number } & (
  | { readonly kind: "literal"; readonly value: ExpressionValue }
  | { readonly kind: "name"; readonly name: string }
  /** `#`: the element that a closure looks at. */
  | { readonly kind: "element" }
  | { readonly kind: "unary"; readonly operator: "!" | "-" | "+"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "conditional";
      readonly test: Expression;
      readonly consequent: Expression;
      readonly alternative: Expression;
    }
  | { readonly kind: "index"; readonly target: Expression; readonly index: Expression }
  | { readonly kind: "array"; readonly items: readonly Expression[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [string, Expression])[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | {
      readonly kind: "predicate";
      readonly name: Predicate;
      readonly list: Expression;
      readonly body: Expression;
    }
);
