import type { Result } from "../sim/result/result.ts";

/** Reasons to trust a result less: of its runs, then of the manifests that it was made from. */
export function doubtsOf({ warnings, scenario }: Result): readonly string[] {
  const useless = scenario.notes.filter(({ kind }) => kind === "without-effect");
  return [...warnings, ...useless.map(({ text }) => text)];
}
