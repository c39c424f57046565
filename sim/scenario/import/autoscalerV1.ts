import { checkTree } from "../issues.ts";
import type { Finding } from "../parse.ts";
import { type MapTree, type Span, setAt, type Tree, treeAt } from "../tree.ts";
import { inFieldWords } from "./fieldPath.ts";
import { autoscalerV1Spec } from "./schema.ts";

/** What the API server takes when an `autoscaling/v1` manifest names none. */
const DEFAULT_TARGET = 80;

/**
 * An `autoscaling/v1` HorizontalPodAutoscaler as the API server converts it: its one target is a
 * resource metric of `autoscaling/v2`.
 */
export function autoscalerV2(tree: MapTree): {
  readonly tree: MapTree;
  readonly findings: readonly Finding[];
} {
  const spec = treeAt(tree, ["spec"]);
  const version = treeAt(tree, ["apiVersion"]);
  if (spec?.kind !== "map" || version === null) return { tree, findings: [] };
  const inner = checkTree(autoscalerV1Spec, spec, {});
  const findings = inner.findings.map((finding) => inFieldWords(finding, tree));
  if (findings.length > 0) return { tree, findings };
  const target = spec.entries.get("targetCPUUtilizationPercentage");
  const place = target?.key ?? version.span;
  const value = target?.value ?? scalar(DEFAULT_TARGET, place);
  const metric = map(place, {
    type: scalar("Resource", place),
    resource: map(place, {
      name: scalar("cpu", place),
      target: map(place, {
        type: scalar("Utilization", place),
        averageUtilization: value,
      }),
    }),
  });
  const entries = new Map(spec.entries);
  entries.delete("targetCPUUtilizationPercentage");
  const metrics: Tree = { kind: "list", span: place, items: [metric], damaged: false };
  entries.set("metrics", { key: place, value: metrics });
  const converted = setAt(tree, ["spec"], { ...spec, entries }, spec.span);
  const whole = setAt(converted, ["apiVersion"], scalar("autoscaling/v2", version.span), place);
  return { tree: whole.kind === "map" ? whole : tree, findings };
}

const scalar = (value: string | number, span: Span): Tree => ({ kind: "scalar", span, value });

const map = (span: Span, values: Readonly<Record<string, Tree>>): MapTree => ({
  kind: "map",
  span,
  entries: new Map(Object.entries(values).map(([key, value]) => [key, { key: span, value }])),
  damaged: false,
});
