import type { ConfigProblem } from "../../policy.ts";
import { problemsOf, shown } from "../problems.ts";
import { admitHpaSpec } from "./admission.ts";
import { defaultHpaSpec } from "./defaults.ts";
import type { HpaConfig } from "./schema.ts";
import { hpaConfigSchema } from "./schema.ts";

/**
 * Every problem of a configuration: what does not fit the shape, then what the API server would
 * refuse. Misshapen values are set aside for the second part, so that one slip does not hide the
 * others.
 */
export function validateHpaConfig(config: unknown): readonly ConfigProblem[] {
  const shape = problemsOf(hpaConfigSchema, config);
  const parsed = hpaConfigSchema.safeParse(
    shape.length === 0
      ? config
      : without(
          config,
          shape.map(({ path }) => path),
        ),
  );
  if (!parsed.success) return shape;
  const refused = admissionProblems(parsed.data);
  const known = new Set(shape.map(({ path }) => path.join("/")));
  return [...shape, ...refused.filter(({ path }) => !isCovered(path, known))];
}

function admissionProblems({ spec, controller }: HpaConfig): readonly ConfigProblem[] {
  const scaleToZero = controller?.featureGates?.HPAScaleToZero ?? false;
  // In a scenario the place of the spec says what it scales, so the reference may be left out.
  const isPlaced = spec.scaleTargetRef == null;
  return admitHpaSpec(defaultHpaSpec(spec), { scaleToZero })
    .filter(({ path }) => !(isPlaced && path[1] === "scaleTargetRef"))
    .map(({ path, expected, received }) => ({ path, expected, received: shown(received) }));
}

const isCovered = (path: ConfigProblem["path"], known: ReadonlySet<string>): boolean =>
  path.some((_, index) => known.has(path.slice(0, index + 1).join("/")));

/**
 * A deep copy in which the values at the given paths are gone; items of lists become empty objects.
 */
function without(value: unknown, paths: readonly ConfigProblem["path"][]): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      const inner = below(paths, index);
      return inner.some((path) => path.length === 0) ? {} : without(item, inner);
    });
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, field]) => [key, field, below(paths, key)] as const)
      .filter(([, , inner]) => !inner.some((path) => path.length === 0))
      .map(([key, field, inner]) => [key, without(field, inner)]),
  );
}

const below = (
  paths: readonly ConfigProblem["path"][],
  key: string | number,
): readonly ConfigProblem["path"][] =>
  paths.filter((path) => path[0] === key).map((path) => path.slice(1));
