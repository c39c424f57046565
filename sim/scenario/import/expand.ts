import type { Finding } from "../parse.ts";
import type { ScenarioNote } from "../scenario.ts";
import { RELEASE_KEYS } from "../schema/policies.ts";
import { priorityClassShape } from "../schema/scheduling.ts";
import { applySettings, type Setting } from "../settings.ts";
import {
  cutAt,
  keysAt,
  type ListTree,
  type MapTree,
  mergeTrees,
  type Path,
  type Span,
  setAt,
  type Tree,
  treeAt,
} from "../tree.ts";
import { filesOf, type ManifestFolder, nameInFolder, patternsOf } from "./files.ts";
import { type Match, matchServices } from "./match.ts";
import { type Resource, readManifests, textAt, withoutStatus } from "./resources.ts";
import { workloadsOf } from "./workloads.ts";

/** What a scenario is made of, before it is put together. */
export interface Layers {
  /** The scenario's file. */
  readonly base: Tree;
  /** What is laid over it, in order. */
  readonly patches: readonly Tree[];
  /** Values that are put last. */
  readonly settings: readonly Setting[];
}

export interface Expanded {
  readonly tree: Tree;
  readonly findings: readonly Finding[];
  /** Texts of the files that were read, by the names that places go by. */
  readonly texts: ReadonlyMap<string, string>;
  /** Manifests without effect, and services that they say nothing about. */
  readonly warnings: readonly Finding[];
  readonly notes: readonly ManifestNote[];
}

export interface ManifestNote extends Pick<ScenarioNote, "kind" | "text"> {
  readonly span: Span;
}

/** The set of policies of a scenario that names none. */
const AS_DEPLOYED = "as-deployed";

/**
 * Puts a scenario together with what the manifests of `cluster.manifests` say: their Deployments
 * become those of the services, their autoscalers those of every set of policies that names none
 * for a service. They come below the scenario's own layers, so that overlays and settings change
 * them like everything else. Pure; never throws.
 */
export function expandManifests(layers: Layers, folder: ManifestFolder): Expanded {
  const probe = applySettings(merged(layers), layers.settings);
  const whole = probe.tree;
  const patterns = patternsOf(whole);
  if (patterns === null || layers.base.kind !== "map") return withoutManifests(layers, whole);
  const findings: Finding[] = [];
  const files = filesOf(patterns, folder, findings);
  const manifests = readManifests(files);
  const workloads = workloadsOf(manifests.resources, findings);
  const matching = matchServices(layers.base, whole, manifests.resources, workloads);
  const underlay = new Underlay(layers, whole);
  underlay.addPriorityClasses(manifests.resources);
  for (const match of matching.matches) underlay.addService(match, manifests.resources);
  underlay.addBudgets(matching.matches);
  if (matching.matches.length > 0) underlay.addPolicies(matching.matches);
  const rest = withoutNames({ ...layers, base: underlay.base }, whole);
  const settled = applySettings(merged(rest), rest.settings);
  const warnings = [...manifests.warnings, ...matching.warnings];
  const place = patterns[0]?.span ?? layers.base.span;
  return {
    tree: settled.tree,
    findings: [...findings, ...manifests.findings, ...matching.findings, ...settled.findings],
    texts: new Map([...probe.texts, ...files.map(({ file, text }) => [file, text] as const)]),
    warnings,
    notes: [
      ...ignoredNotes(manifests.ignored, place),
      ...uselessNotes(warnings, place, folder.file),
    ],
  };
}

const merged = ({ base, patches }: Layers): Tree =>
  patches.reduce<Tree>((tree, patch) => mergeTrees(tree, patch), base);

/** Names of Deployments have nothing to refer to. */
function withoutManifests(layers: Layers, whole: Tree): Expanded {
  const findings = namesIn(whole).map((path): Finding => {
    const { span } = treeAt(whole, path) ?? whole;
    const message = "this names a Deployment, and there are no manifests";
    return { span, message, hint: "add cluster: {manifests: ./k8s/*.yaml}" };
  });
  const settled = applySettings(merged(layers), layers.settings);
  const tree = namesIn(settled.tree).reduce<Tree>(cutAt, settled.tree);
  return {
    tree,
    findings: [...settled.findings, ...findings],
    texts: settled.texts,
    warnings: [],
    notes: [],
  };
}

/** Where a tree names a Deployment instead of giving one. */
const namesIn = (tree: Tree): readonly Path[] =>
  scalarsIn(tree, ["deployment"]).filter((path) => textAt(tree, path) !== null);

/** Where a scenario says that a manifest is not for its service. */
const nonesIn = (tree: Tree): readonly Path[] =>
  scalarsIn(tree, ["deployment", "podDisruptionBudget"]).filter((path) => {
    const node = treeAt(tree, path);
    return node?.kind === "scalar" && node.value === null;
  });

const scalarsIn = (tree: Tree, keys: readonly string[]): readonly Path[] =>
  keysAt(tree, ["services"])
    .flatMap((service) => keys.map((key): Path => ["services", service, key]))
    .filter((path) => treeAt(tree, path)?.kind === "scalar");

/** Whether a part of a scenario decides which manifests are read, and for which service. */
export const choosesManifests = (part: Tree): boolean =>
  patternsOf(part) !== null || namesIn(part).length > 0;

/** A part of a scenario as it is laid over manifests that it has chosen. */
export const withoutChoice = (part: Tree): Tree => namesIn(part).reduce<Tree>(cutAt, part);

/** The layers without those names, whose manifests have come below them; null names none. */
const withoutNames = ({ base, patches, settings }: Layers, whole: Tree): Layers => ({
  base: [...namesIn(base), ...nonesIn(base)].reduce<Tree>(cutAt, base),
  patches: patches.map(withoutChoice),
  settings: settings.filter(([path]) => !isName(path, whole)),
});

const isName = (setting: string, whole: Tree): boolean =>
  namesIn(whole).some((path) => path.join(".") === setting);

/** The scenario's file with what manifests say put where it says nothing. */
class Underlay {
  base: Tree;
  readonly #whole: Tree;
  /** Everything that is written of the scenario itself. */
  readonly #written: readonly Tree[];

  constructor({ base, patches }: Layers, whole: Tree) {
    this.base = base;
    this.#whole = whole;
    this.#written = [base, ...patches, whole];
  }

  addService(match: Match, resources: readonly Resource[]): void {
    const { service, workload } = match;
    const path: Path = ["services", service];
    const { span } = workload.resource;
    const name = treeAt(this.base, [...path, "deployment"]);
    if (name?.kind === "scalar") this.base = cutAt(this.base, [...path, "deployment"]);
    this.#put([...path, workload.key], workload.manifest, span);
    for (const set of keysAt(this.#whole, ["policies"])) {
      this.#addRollout(["policies", set, "rollouts", service], match, resources);
    }
  }

  /**
   * A budget of one service stands under it, one of several in the cluster. A service of which the
   * scenario says itself what its budget is, none included, is not among them.
   */
  addBudgets(matches: readonly Match[]): void {
    for (const [budget, all] of servicesByBudget(matches)) {
      const { tree, span, name, namespace } = budget;
      const own = (service: string): Path => ["services", service, "podDisruptionBudget"];
      const isFree = (service: string): boolean =>
        this.#written.every((part) => treeAt(part, own(service)) === null);
      const [only, ...more] = all;
      if (only !== undefined && more.length === 0) this.#put(own(only), tree, span);
      const services = all.filter(isFree);
      if (more.length === 0 || services.length === 0) continue;
      const items = services.map((value): Tree => ({ kind: "scalar", span, value }));
      const value = setAt(tree, ["services"], { kind: "list", span, items, damaged: false }, span);
      const key = namespace === "default" ? name : `${namespace}/${name}`;
      this.#put(["cluster", "podDisruptionBudgets", key], value, span);
    }
  }

  addPriorityClasses(resources: readonly Resource[]): void {
    for (const { kind, name, tree, span } of resources) {
      if (kind !== "PriorityClass") continue;
      const entries = [...tree.entries].filter(([key]) => PRIORITY_CLASS_KEYS.has(key));
      const value: MapTree = { ...tree, entries: new Map(entries) };
      this.#put(["cluster", "priorityClasses", name], value, span);
    }
  }

  addPolicies(matches: readonly Match[]): void {
    const scaled = matches.filter(({ autoscaler }) => autoscaler !== null);
    const sets = keysAt(this.#whole, ["policies"]);
    const span = matches[0]?.workload.resource.span;
    if (sets.length === 0 && span !== undefined) {
      const value =
        scaled.length > 0
          ? "the autoscalers of the manifests"
          : "as the manifests say: replicas stay as they are";
      const about: Tree = { kind: "scalar", span, value };
      this.#put(["policies", AS_DEPLOYED, "about"], about, span);
    }
    for (const set of sets.length === 0 ? [AS_DEPLOYED] : sets) {
      for (const { service, autoscaler } of scaled) {
        if (autoscaler?.isSound !== true) continue;
        this.#addAutoscaler(["policies", set, "autoscalers", service], autoscaler);
      }
    }
  }

  /** What a set of policies names itself stays; what is laid over the file may change an HPA. */
  #addAutoscaler(path: Path, autoscaler: Resource): void {
    if (keysAt(this.#whole, path).some((policy) => policy !== "hpa")) return;
    const own = treeAt(this.base, path);
    if (own?.kind === "scalar" && own.value === null) this.base = cutAt(this.base, path);
    if (own === null) this.#put([...path, "hpa"], withoutStatus(autoscaler.tree), autoscaler.span);
  }

  /** A rollout that names no policy is carried out as its workload's manifest says. */
  #addRollout(place: Path, { workload }: Match, resources: readonly Resource[]): void {
    // The first of a list says how all of them are carried out.
    const path = treeAt(this.#whole, place)?.kind === "list" ? [...place, 0] : place;
    const written = treeAt(this.#whole, path);
    if (written?.kind !== "map") return;
    const { resource } = workload;
    const policies = [...written.entries.keys()].filter((key) => !RELEASE_KEYS.includes(key));
    const strategy = treeAt(resource.tree, ["spec", "strategy"]);
    if (resource.kind !== "Rollout") {
      const type = strategy === null ? null : treeAt(strategy, ["type"]);
      const isRecreate = type?.kind === "scalar" && type.value === "Recreate";
      const empty: MapTree = {
        kind: "map",
        span: resource.span,
        entries: new Map(),
        damaged: false,
      };
      const ofDeployment = isRecreate ? "recreate" : "rolling";
      const policy = resource.kind === "StatefulSet" ? "stateful-set" : ofDeployment;
      if (policies.length === 0) this.#put([...path, policy], empty, resource.span);
      return;
    }
    if (strategy === null) return;
    const policy = keysAt(strategy, []).includes("blueGreen") ? "blue-green" : "argo-canary";
    if (policies.some((name) => name !== policy)) return;
    this.#put([...path, policy, "strategy"], strategy, resource.span);
    const templates = templatesFor(resource, resources);
    if (templates.items.length === 0) return;
    this.#put([...path, policy, "analysisTemplates"], templates, templates.span);
  }

  /** Puts a value where there is none yet; never in the place of something that is no map. */
  #put(path: Path, value: Tree, span: Span): void {
    const isFree = path.every((_, i) => {
      const above = treeAt(this.base, path.slice(0, i));
      return above === null || above.kind === "map" || typeof path[i] === "number";
    });
    if (!isFree || treeAt(this.base, path) !== null) return;
    this.base = setAt(this.base, path, value, span);
  }
}

/** In order of the first service of each. */
function servicesByBudget(matches: readonly Match[]): ReadonlyMap<Resource, readonly string[]> {
  const services = new Map<Resource, string[]>();
  for (const { service, budget } of matches) {
    if (budget === null) continue;
    services.set(budget, [...(services.get(budget) ?? []), service]);
  }
  return services;
}

const PRIORITY_CLASS_KEYS = new Set(Object.keys(priorityClassShape));

/** The AnalysisTemplates that a Rollout can name. */
function templatesFor(rollout: Resource, resources: readonly Resource[]): ListTree {
  const templates = resources.filter(
    ({ kind, namespace }) =>
      kind === "ClusterAnalysisTemplate" ||
      (kind === "AnalysisTemplate" && namespace === rollout.namespace),
  );
  const items = templates.map(({ tree }) => withoutStatus(tree));
  return { kind: "list", span: rollout.span, items, damaged: false };
}

const NAMED_MAX = 10;

/** A folder may hold hundreds of things that a scenario is not about. */
function some(names: readonly string[], separator: string): string {
  const more = names.length - NAMED_MAX;
  const shown = names.slice(0, NAMED_MAX);
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

function uselessNotes(
  warnings: readonly Finding[],
  span: Span,
  scenario: string,
): readonly ManifestNote[] {
  if (warnings.length === 0) return [];
  const texts = warnings.map(({ span: { file }, message }) => {
    return file === scenario ? message : `${message} (${nameInFolder(scenario, file)})`;
  });
  return [{ span, kind: "without-effect", text: `manifests without effect: ${some(texts, "; ")}` }];
}

function ignoredNotes(
  ignored: ReadonlyMap<string, readonly string[]>,
  span: Span,
): readonly ManifestNote[] {
  if (ignored.size === 0) return [];
  const kinds = [...ignored].map(([kind, names]) => `${kind} ${some(names, ", ")}`.trim());
  return [
    {
      span,
      kind: "not-modelled",
      text: `manifests accepted and not modelled: ${kinds.join("; ")}`,
    },
  ];
}
