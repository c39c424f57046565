import { matchesSelector } from "../../policy/scheduling/selectors.ts";
import type { LabelSelector, Labels } from "../../policy/scheduling/spec.ts";
import { markOf, spanOf } from "../issues.ts";
import type { Finding } from "../parse.ts";
import { nameHint } from "../problem.ts";
import { type Entry, type MapTree, type Path, setAt, type Tree, toPlain, treeAt } from "../tree.ts";
import { type Resource, textAt } from "./resources.ts";
import { labelSelector, labels } from "./schema.ts";

/** Something that keeps pods: a Deployment, a StatefulSet, a Rollout. */
export interface Workload {
  readonly resource: Resource;
  /** Of its pods. */
  readonly labels: Labels;
  /** The key of a service that it stands under, and what stands there. */
  readonly key: "deployment" | "statefulSet";
  readonly manifest: MapTree;
}

const TEMPLATE: Path = ["spec", "template"];

/** The workloads among the resources; what is wrong between their parts goes to `findings`. */
export function workloadsOf(
  resources: readonly Resource[],
  findings: Finding[],
): readonly Workload[] {
  return resources.flatMap((resource): readonly Workload[] => {
    const tree = withTemplate(resource, resources, findings);
    switch (resource.kind) {
      case "Deployment":
      case "StatefulSet":
      case "Rollout": {
        const own = labelsAt(tree, [...TEMPLATE, "metadata", "labels"]);
        checkSelector(tree, own, findings);
        const key = resource.kind === "StatefulSet" ? "statefulSet" : "deployment";
        return [{ resource, labels: own, key, manifest: asWorkload(resource, tree) }];
      }
      default:
        return [];
    }
  });
}

/** A Rollout may refer to a Deployment for its pods. */
function withTemplate(
  { kind, namespace, tree }: Resource,
  resources: readonly Resource[],
  findings: Finding[],
): MapTree {
  if (kind !== "Rollout" || tree.damaged) return tree;
  const place = ["spec", "workloadRef", "name"];
  const name = textAt(tree, place);
  if (name === null) {
    if (treeAt(tree, TEMPLATE) !== null) return tree;
    const message = 'missing required field "spec.template"';
    const hint = "a Rollout has a template or a workloadRef";
    findings.push({ span: spanOf(tree, ["spec"]), message, hint });
    return tree;
  }
  const known = resources.filter(
    (other) => other.kind === "Deployment" && other.namespace === namespace,
  );
  const template = known.find((other) => other.name === name);
  const node = treeAt(tree, place) ?? tree;
  if (template === undefined) {
    const message = `no Deployment "${name}" in the manifests`;
    const names = known.map((other) => other.name);
    findings.push({ span: markOf(node), message, hint: nameHint(name, names) });
    return tree;
  }
  return ["template", "selector"].reduce<MapTree>((whole, key) => {
    const part = treeAt(template.tree, ["spec", key]);
    return part === null ? whole : put(whole, ["spec", key], part);
  }, tree);
}

function checkSelector(tree: MapTree, own: Labels, findings: Finding[]): void {
  const selector = selectorAt(tree, ["spec", "selector"]);
  if (selector === undefined || matchesSelector(selector, own)) return;
  const place = ["spec", "template", "metadata", "labels"];
  const node = treeAt(tree, place);
  const span = spanOf(tree, node === null ? TEMPLATE : place);
  const message = "the selector does not match the template's labels";
  findings.push({ span, message, hint: "Kubernetes refuses that" });
}

export function selectorAt(tree: Tree, path: Path): LabelSelector | undefined {
  const node = treeAt(tree, path);
  if (node === null) return undefined;
  const parsed = labelSelector.safeParse(toPlain(node));
  return parsed.success ? parsed.data : undefined;
}

export function labelsAt(tree: Tree, path: Path): Labels {
  const node = treeAt(tree, path);
  const parsed = node === null ? null : labels.safeParse(toPlain(node));
  return parsed?.success === true ? parsed.data : {};
}

const put = (tree: MapTree, path: Path, value: Tree): MapTree => {
  const whole = setAt(tree, path, value, value.span);
  return whole.kind === "map" ? whole : tree;
};

/** What of a Rollout's spec a Deployment has, too. */
const SHARED = [
  "replicas",
  "selector",
  "template",
  "minReadySeconds",
  "revisionHistoryLimit",
  "progressDeadlineSeconds",
];

/** Deployments and StatefulSets as they are, a Rollout as a Deployment. */
function asWorkload({ kind }: Resource, tree: MapTree): MapTree {
  const spec = treeAt(tree, ["spec"]);
  if (kind !== "Rollout" || spec?.kind !== "map") return tree;
  const entries = new Map<string, Entry>([...spec.entries].filter(([key]) => SHARED.includes(key)));
  return {
    ...tree,
    entries: new Map([
      ...[...tree.entries].filter(([key]) => key === "metadata"),
      ["spec", { key: spec.span, value: { ...spec, entries } }],
    ]),
  };
}
