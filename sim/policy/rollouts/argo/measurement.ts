import { ExpressionError } from "./expression/error.ts";
import { evaluateExpression } from "./expression/evaluate.ts";
import { parseExpression } from "./expression/parser.ts";
import type { ExpressionValue } from "./expression/syntax.ts";

/** How a measurement, a metric or a whole run ended. */
export type Verdict = "Successful" | "Failed" | "Inconclusive" | "Error";

export type Conditions = {
  /** Null: none. */
  readonly successCondition: string | null;
  readonly failureCondition: string | null;
};

/**
 * Verdict on one measured value. A single condition decides alone; of two, failure goes first and
 * neither is inconclusive; without any, whatever could be measured is a success (the documentation
 * says otherwise).
 * Source: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
 */
export function judge(
  { successCondition, failureCondition }: Conditions,
  value: ExpressionValue,
): Verdict {
  try {
    // Both are evaluated even where one would decide: an error in either is an error.
    const succeeds = successCondition === null || holds(successCondition, value);
    const fails = failureCondition === null ? !succeeds : holds(failureCondition, value);
    if (fails) return "Failed";
    return succeeds ? "Successful" : "Inconclusive";
  } catch (error) {
    if (error instanceof ExpressionError) return "Error";
    throw error;
  }
}

function holds(condition: string, value: ExpressionValue): boolean {
  const expression = parseExpression(condition);
  const held = evaluateExpression(expression, value);
  if (typeof held === "boolean") return held;
  throw new ExpressionError("not a condition", expression.at);
}
