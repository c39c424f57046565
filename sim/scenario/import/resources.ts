import { builtInPolicies } from "../../policy/index.ts";
import { checkTree, markOf, spanOf } from "../issues.ts";
import { type Finding, parseTrees } from "../parse.ts";
import { nearestName } from "../problem.ts";
import { type MapTree, type Path, type Span, type Tree, toPlain, treeAt } from "../tree.ts";
import { autoscalerV2 } from "./autoscalerV1.ts";
import { fieldText, inFieldWords } from "./fieldPath.ts";
import { KIND_SCHEMAS, KINDS, type Kind } from "./schema.ts";

/** A manifest of a kind that the simulator knows, checked; what was wrong in it is cut out. */
export interface Resource {
  readonly kind: Kind;
  readonly group: string;
  readonly name: string;
  readonly namespace: string;
  readonly tree: MapTree;
  /** Where its name stands. */
  readonly span: Span;
  /** It was admitted as it is. */
  readonly isSound: boolean;
}

/** Files by how problems name them. */
export interface ManifestFile {
  readonly file: string;
  readonly text: string;
}

export interface Manifests {
  readonly resources: readonly Resource[];
  readonly findings: readonly Finding[];
  /** Kinds that are probably misspelt. */
  readonly warnings: readonly Finding[];
  /** Kinds that are accepted and not modelled, with the names of the resources. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
}

/** Reads manifests: documents, lists and JSON. Never throws. */
export function readManifests(files: readonly ManifestFile[]): Manifests {
  const reader = new ManifestReader();
  for (const { file, text } of files) reader.readFile(file, text);
  return reader;
}

class ManifestReader implements Manifests {
  readonly resources: Resource[] = [];
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly ignored = new Map<string, string[]>();
  readonly #places = new Map<string, Span>();

  readFile(file: string, text: string): void {
    const { trees, findings } = parseTrees(file, text);
    const template = text.indexOf("{{");
    if (findings.length > 0 && template >= 0) {
      const span = { file, start: template, end: template + 2 };
      const message = "this is a template, not a manifest";
      this.findings.push({ span, message, hint: "give what helm template makes of it" });
      return;
    }
    this.findings.push(...findings);
    for (const tree of trees) this.#readResource(withoutNulls(tree));
  }

  #readResource(tree: Tree): void {
    const isEmpty = tree.kind === "scalar" && tree.value === null;
    const isScenario = tree.kind === "map" && tree.entries.has("peakday");
    if (isEmpty || isScenario) return;
    const kind = textAt(tree, ["kind"]);
    const version = textAt(tree, ["apiVersion"]);
    if (tree.kind !== "map" || kind === null || version === null) {
      if (tree.kind === "map" && tree.damaged) return;
      const lacking = kind === null ? "kind" : "apiVersion";
      const message = `this is no Kubernetes resource: its ${lacking} is missing`;
      const hint = "a manifest has apiVersion, kind, metadata and spec";
      this.findings.push({ span: spanOf(tree, []), message, hint });
      return;
    }
    const items = treeAt(tree, ["items"]);
    if (version === "v1" && kind.endsWith("List") && items?.kind === "list") {
      for (const item of items.items) this.#readResource(item);
      return;
    }
    const group = version.includes("/") ? version.slice(0, version.indexOf("/")) : "";
    const known = KINDS.find((name) => name === kind && KIND_SCHEMAS[name].groups.includes(group));
    const doubt = known === undefined ? kindDoubt(kind, version, group) : null;
    if (known !== undefined) this.#check(known, group, tree);
    else if (doubt !== null) this.#doubt(doubt, tree);
    else this.#ignore(kind, textAt(tree, ["metadata", "name"]) ?? "");
  }

  #doubt(doubt: KindDoubt, tree: Tree): void {
    const node = treeAt(tree, [doubt.key]);
    const { message, hint, isCertain } = doubt;
    const found = { span: node === null ? spanOf(tree, []) : markOf(node), message, hint };
    (isCertain ? this.findings : this.warnings).push(found);
  }

  #ignore(kind: string, name: string): void {
    const names = this.ignored.get(kind) ?? [];
    this.ignored.set(kind, names);
    names.push(name);
  }

  #check(kind: Kind, group: string, whole: MapTree): void {
    const checked = checkTree(KIND_SCHEMAS[kind].schema, whole, {});
    const findings = checked.findings.map((finding) => inFieldWords(finding, whole));
    if (checked.value === null || checked.tree.kind !== "map") {
      this.findings.push(...findings);
      return;
    }
    let { tree } = checked;
    if (kind === "HorizontalPodAutoscaler") {
      if (textAt(tree, ["apiVersion"]) === "autoscaling/v1") {
        const converted = autoscalerV2(tree);
        findings.push(...converted.findings);
        tree = converted.tree;
      }
      if (findings.length === 0) findings.push(...autoscalerFindings(tree));
    }
    this.findings.push(...findings);
    const name = textAt(tree, ["metadata", "name"]) ?? "";
    const namespace = textAt(tree, ["metadata", "namespace"]) ?? "default";
    const span = treeAt(tree, ["metadata", "name"])?.span ?? spanOf(tree, []);
    if (!this.#isFirst(`${kind} "${name}"`, namespace, span)) return;
    const abort = kind === "Rollout" ? treeAt(tree, ["spec", "progressDeadlineAbort"]) : null;
    if (abort?.kind === "scalar" && abort.value === true) {
      this.#ignore("progressDeadlineAbort of Rollout", name);
    }
    const isSound = findings.length === 0;
    this.resources.push({ kind, group, name, namespace, tree, span, isSound });
  }

  #isFirst(called: string, namespace: string, span: Span): boolean {
    const key = `${namespace}/${called}`;
    const before = this.#places.get(key);
    this.#places.set(key, before ?? span);
    if (before === undefined) return true;
    const where = before.file === span.file ? "above" : `in ${before.file}`;
    const message = `the ${called} stands ${where} already`;
    this.findings.push({ span, message, hint: "narrow the pattern, or take one away" });
    return false;
  }
}

interface KindDoubt {
  /** Where the doubt is. */
  readonly key: "kind" | "apiVersion";
  readonly message: string;
  readonly hint: string;
  /** No API server knows that kind. */
  readonly isCertain: boolean;
}

const GROUPS = new Set(Object.values(KIND_SCHEMAS).flatMap(({ groups }) => groups));

/** Whether a kind that is not modelled is one that is, misspelt; null when it is none of them. */
function kindDoubt(kind: string, version: string, group: string): KindDoubt | null {
  const exact = KINDS.find((name) => name === kind);
  if (exact !== undefined) {
    const { groups } = KIND_SCHEMAS[exact];
    const [today = ""] = groups;
    const isNear = GROUPS.has(group) || nearestName(group, groups) !== null;
    const message = `no ${kind} in apiVersion "${version}"`;
    const hint = today === "" ? "it is v1" : `it is in the group ${today}`;
    return isNear ? { key: "apiVersion", message, hint, isCertain: true } : null;
  }
  const near = nearestName(kind, KINDS);
  if (near === null) return null;
  const isCertain = GROUPS.has(group);
  const message = isCertain ? `unknown kind "${kind}"` : `kind "${kind}" is not modelled`;
  return { key: "kind", message, hint: `did you mean "${near}"?`, isCertain };
}

export function textAt(tree: Tree, path: Path): string | null {
  const at = treeAt(tree, path);
  return at?.kind === "scalar" && typeof at.value === "string" ? at.value : null;
}

/** To the API server a field of null is one that is not there. */
function withoutNulls(tree: Tree): Tree {
  if (tree.kind === "scalar") return tree;
  if (tree.kind === "list") return { ...tree, items: tree.items.map(withoutNulls) };
  const entries = [...tree.entries]
    .filter(([, { value }]) => value.kind !== "scalar" || value.value !== null)
    .map(([key, entry]) => [key, { ...entry, value: withoutNulls(entry.value) }] as const);
  return { ...tree, entries: new Map(entries) };
}

/** A manifest as a policy takes it. */
export function withoutStatus(tree: MapTree): MapTree {
  const entries = [...tree.entries].filter(([key]) => key !== "status");
  return { ...tree, entries: new Map(entries) };
}

/** What the API server would not admit. */
function autoscalerFindings(tree: MapTree): readonly Finding[] {
  const config = withoutStatus(tree);
  const problems = builtInPolicies.autoscalers["hpa"]?.validate(toPlain(config)) ?? [];
  const findings = problems.map(({ path, expected, received }): Finding => {
    const node = treeAt(tree, path);
    const field = fieldText(path);
    if (received.startsWith("the unknown field ")) {
      const known = (/one of ([^)]*)/u.exec(expected)?.[1] ?? "").split(", ");
      const nearest = nearestName(String(path.at(-1)), known);
      const hint = nearest === null ? `known: ${known.join(", ")}` : `did you mean "${nearest}"?`;
      return { span: spanOf(tree, path), message: `unknown field "${field}"`, hint };
    }
    if (node === null) {
      const message = `missing required field "${field}"`;
      return { span: spanOf(tree, path), message, hint: `it is ${expected}` };
    }
    return {
      span: markOf(node),
      message: `${field} is ${expected}, found ${received}`,
      hint: null,
    };
  });
  if (treeAt(tree, ["spec", "scaleTargetRef"]) !== null) return findings;
  const message = 'missing required field "spec.scaleTargetRef"';
  const hint = "it is a map with apiVersion, kind and name";
  return [{ span: spanOf(tree, ["spec"]), message, hint }, ...findings];
}

/** `Deployment "shop/web"`, as scenarios and notes name a resource. */
export const calledText = ({ kind, name, namespace }: Resource): string =>
  `${kind} "${namespace === "default" ? "" : `${namespace}/`}${name}"`;
