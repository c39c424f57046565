import { matchesSelector } from "../../policy/scheduling/selectors.ts";
import type { Finding } from "../parse.ts";
import { nameHint } from "../problem.ts";
import { keySpanAt, keysAt, type Tree, treeAt } from "../tree.ts";
import { calledText, type Resource, textAt } from "./resources.ts";
import { labelsAt, selectorAt, type Workload } from "./workloads.ts";

/** What the manifests say of one service of the scenario. */
export interface Match {
  readonly service: string;
  readonly workload: Workload;
  readonly autoscaler: Resource | null;
  readonly budget: Resource | null;
}

export interface Matching {
  readonly matches: readonly Match[];
  readonly findings: readonly Finding[];
  /** What of the manifests has no effect, and services that they say nothing about. */
  readonly warnings: readonly Finding[];
}

/**
 * Finds the workload of each service, and what goes with it by references and labels, as the
 * controllers of Kubernetes find it. `base` is the scenario's file, `whole` all that it is made of.
 */
export function matchServices(
  base: Tree,
  whole: Tree,
  resources: readonly Resource[],
  workloads: readonly Workload[],
): Matching {
  const matcher = new Matcher(resources, workloads);
  const matches = keysAt(whole, ["services"]).flatMap((service): readonly Match[] => {
    const workload = matcher.workloadOf(service, base, whole);
    if (workload === null) return [];
    return [
      {
        service,
        workload,
        autoscaler: matcher.soleOf("HorizontalPodAutoscaler", "scale", workload),
        budget: matcher.soleOf("PodDisruptionBudget", "select the pods of", workload),
      },
    ];
  });
  matcher.warnAboutRest(matches);
  return { matches, findings: matcher.findings, warnings: matcher.warnings };
}

class Matcher {
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #resources: readonly Resource[];
  readonly #workloads: readonly Workload[];
  readonly #taken = new Map<Workload, string>();

  constructor(resources: readonly Resource[], workloads: readonly Workload[]) {
    this.#resources = resources;
    this.#workloads = workloads;
  }

  workloadOf(service: string, base: Tree, whole: Tree): Workload | null {
    const path = ["services", service, "deployment"];
    const written = treeAt(whole, path);
    const key = keySpanAt(whole, path.slice(0, -1)) ?? whole.span;
    if (written?.kind === "scalar" && typeof written.value === "string") {
      const { value, span } = written;
      const found = this.#called(value);
      if (found.length > 0) return this.#sole(service, value, found, span);
      const names = this.#workloads.map(({ resource }) => resource.name);
      const message = `no Deployment "${value}" in the manifests`;
      this.findings.push({ span, message, hint: nameHint(value, names) });
      return null;
    }
    // A scenario's own Deployment takes the place of one of the manifests; a null is none.
    const isOwn = treeAt(base, path) ?? treeAt(base, ["services", service, "statefulSet"]);
    if (isOwn !== null || written?.kind === "scalar") return null;
    const found = this.#called(service);
    const all = found.length > 0 ? found : this.#behind(service);
    if (all.length > 0) return this.#sole(service, service, all, key);
    const known = this.#workloads.map(({ resource }) => resource.name);
    const names = nameHint(service, known);
    const hint = `say deployment: and its name${names === null ? "" : `; ${names}`}`;
    const message = `the service "${service}" has no Deployment in the manifests`;
    this.warnings.push({ span: key, message, hint });
    return null;
  }

  /** Workloads of a name, which may have its namespace before it. */
  #called(written: string): readonly Workload[] {
    const [name, namespace] = written.split("/").reverse();
    return this.#workloads.filter(
      ({ resource }) =>
        resource.name === name && (namespace === undefined || resource.namespace === namespace),
    );
  }

  /** Those whose pods a Service of this name selects: callers know a Service. */
  #behind(name: string): readonly Workload[] {
    const services = this.#resources.filter(
      (resource) => resource.kind === "Service" && resource.name === name,
    );
    return this.#workloads.filter((workload) =>
      services.some((resource) => selects(resource, workload)),
    );
  }

  #sole(
    service: string,
    name: string,
    found: readonly Workload[],
    span: Finding["span"],
  ): Workload | null {
    const [first, ...more] = found;
    if (first === undefined) return null;
    if (more.length > 0) {
      const all = found.map(({ resource: { kind, namespace, name: own } }) => {
        return `${kind} ${namespace}/${own}`;
      });
      const message = `"${name}" may be ${all.join(" or ")}`;
      this.findings.push({ span, message, hint: "say which: deployment: namespace/name" });
      return null;
    }
    const owner = this.#taken.get(first);
    if (owner !== undefined) {
      const message = `${calledText(first.resource)} is the service "${owner}" already`;
      this.findings.push({ span, message, hint: "two services cannot have the same pods" });
      return null;
    }
    this.#taken.set(first, service);
    return first;
  }

  /** What acts on a workload: one, since Kubernetes lets two of them do nothing. */
  soleOf(
    kind: "HorizontalPodAutoscaler" | "PodDisruptionBudget",
    verb: string,
    workload: Workload,
  ): Resource | null {
    const all = this.#resources.filter((resource) => {
      return resource.kind === kind && actsOn(resource, workload);
    });
    const [first, second] = all;
    if (first !== undefined && second !== undefined) {
      const message = `two ${kind}s ${verb} ${calledText(workload.resource)}`;
      const hint = `"${first.name}" does already, and Kubernetes does not choose`;
      this.findings.push({ span: second.span, message, hint });
    }
    return first ?? null;
  }

  warnAboutRest(matches: readonly Match[]): void {
    const used = matches.map(({ workload }) => workload);
    for (const workload of this.#workloads) {
      const isUsed = used.some((other) => other === workload || refersTo(other, workload));
      if (!isUsed) this.#warn(workload.resource, "is no service of this scenario");
    }
    for (const resource of this.#resources) {
      if (used.some((workload) => actsOn(resource, workload))) {
        if (resource.kind === "PodDisruptionBudget") this.#warnAboutOthers(resource, used);
        continue;
      }
      const named = this.#workloads.find((workload) => actsOn(resource, workload));
      const what = named === undefined ? null : calledText(named.resource);
      const { kind } = resource;
      if (kind === "HorizontalPodAutoscaler") this.#warnAboutTarget(resource, what);
      else if (kind === "PodDisruptionBudget" || (kind === "Service" && hasSelector(resource))) {
        const rest =
          what === null
            ? "selects no pods of the manifests"
            : `selects the pods of ${what}, which is no service of this scenario`;
        this.#warn(resource, rest);
      }
    }
  }

  /** Pods that a budget counts in Kubernetes, and not here. */
  #warnAboutOthers(budget: Resource, used: readonly Workload[]): void {
    const others = this.#workloads.filter((workload) => {
      const isUsed = used.some((other) => other === workload || refersTo(other, workload));
      return !isUsed && actsOn(budget, workload);
    });
    if (others.length === 0) return;
    const names = others.map(({ resource }) => calledText(resource)).join(" and ");
    this.#warn(budget, `also selects the pods of ${names}, which are not in this scenario`);
  }

  #warnAboutTarget(resource: Resource, known: string | null): void {
    const { tree, namespace } = resource;
    const kind = textAt(tree, ["spec", "scaleTargetRef", "kind"]) ?? "workload";
    const name = textAt(tree, ["spec", "scaleTargetRef", "name"]) ?? "";
    if (known !== null) {
      this.#warn(resource, `scales ${known}, which is no service of this scenario`);
      return;
    }
    const names = this.#workloads
      .filter((workload) => workload.resource.namespace === namespace)
      .map((workload) => workload.resource.name);
    const rest = `scales ${kind} "${name}", which is not in the manifests`;
    this.#warn(resource, rest, nameHint(name, names));
  }

  #warn(resource: Resource, rest: string, hint: string | null = null): void {
    const message = `${calledText(resource)} ${rest}`;
    this.warnings.push({ span: resource.span, message, hint });
  }
}

/** Whether a Rollout has its pods from a Deployment. */
const refersTo = ({ resource }: Workload, other: Workload): boolean =>
  textAt(resource.tree, ["spec", "workloadRef", "name"]) === other.resource.name &&
  resource.namespace === other.resource.namespace;

const hasSelector = ({ tree }: Resource): boolean => treeAt(tree, ["spec", "selector"]) !== null;

/** Whether a resource is about a workload: by reference, or by the labels of its pods. */
function actsOn(resource: Resource, workload: Workload): boolean {
  if (resource.kind !== "HorizontalPodAutoscaler") return selects(resource, workload);
  const { kind, name, namespace, group } = workload.resource;
  const { tree } = resource;
  const version = textAt(tree, ["spec", "scaleTargetRef", "apiVersion"]);
  return (
    namespace === resource.namespace &&
    textAt(tree, ["spec", "scaleTargetRef", "kind"]) === kind &&
    textAt(tree, ["spec", "scaleTargetRef", "name"]) === name &&
    (version === null || version.split("/")[0] === group)
  );
}

/** Selectors see the pods of their own namespace. */
function selects({ kind, tree, namespace }: Resource, workload: Workload): boolean {
  if (namespace !== workload.resource.namespace) return false;
  const path = ["spec", "selector"];
  if (kind === "PodDisruptionBudget") {
    return matchesSelector(selectorAt(tree, path), workload.labels);
  }
  if (kind !== "Service") return false;
  const matchLabels = labelsAt(tree, path);
  // A Service without selector has endpoints that somebody writes.
  return Object.keys(matchLabels).length > 0 && matchesSelector({ matchLabels }, workload.labels);
}
