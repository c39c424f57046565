import type { Micros } from "../kernel/time.ts";
import { builtInPolicies, type PolicyRegistry } from "../policy/index.ts";
import {
  choosesManifests,
  type Expanded,
  expandManifests,
  type Layers,
  withoutChoice,
} from "./import/expand.ts";
import { checkTree } from "./issues.ts";
import { Context } from "./normalise/context.ts";
import { normaliseScenario } from "./normalise/scenario.ts";
import { type Finding, parseTree, readNotes } from "./parse.ts";
import { nameHint, type Problem } from "./problem.ts";
import type { Scenario, ScenarioNote } from "./scenario.ts";
import { scenarioSchema } from "./schema/scenario.ts";
import type { Setting } from "./settings.ts";
import { keysAt, mergeTrees, type Tree, treeAt } from "./tree.ts";

export interface SourceText {
  /** Its name, as problems print it. */
  readonly file: string;
  readonly text: string;
}

export interface LoadOptions extends SourceText {
  /**
   * Partial scenarios that are laid over the first one in this order (RFC 7386: null takes a key
   * away).
   */
  readonly overlays?: readonly SourceText[];
  /** Values that are put last of all: `["traffic.shoppers.rate", "200/s"]`, the value in YAML. */
  readonly set?: readonly Setting[];
  /** Only these sets of policies; absent, all. */
  readonly policies?: readonly string[];
  /** Text of a file beside the scenario (traces, manifests); null when there is none. */
  readonly readFile: (name: string) => string | null;
  /**
   * Names, for `readFile`, of the files that a pattern of `cluster.manifests` stands for, in an
   * order that is the same everywhere; absent, a pattern is the name of one file.
   */
  readonly listFiles?: (pattern: string) => readonly string[];
  /** What `warmUp: auto` stands for; absent, 5 minutes, the length of the first pilots. */
  readonly autoWarmUp?: Micros;
  /** The policies that may be named; absent, those of this project. */
  readonly registry?: PolicyRegistry;
}

export interface Loaded {
  /** One for each set of policies, in the order of the file; none when there are problems. */
  readonly scenarios: readonly Scenario[];
  /** All problems, in the order of the files and their lines. */
  readonly problems: readonly Problem[];
  /** What has no effect and hinders nothing, of manifests and of containers. */
  readonly warnings: readonly Problem[];
}

const scalar = (value: string | number): Tree => ({ kind: "scalar", span: NOWHERE, value });
const NOWHERE = { file: "", start: 0, end: 0 };
/**
 * Harmless values for top-level keys that are missing, so that the rest of the file can still be
 * checked.
 */
const STAND_INS: Readonly<Record<string, Tree>> = {
  peakday: scalar(1),
  name: scalar("nameless"),
  duration: scalar("3650d"),
  objective: {
    kind: "map",
    span: NOWHERE,
    entries: new Map([["p95", { key: NOWHERE, value: scalar("1s") }]]),
    damaged: true,
  },
};

/** Reads, checks and normalises a scenario. Pure; never throws, whatever the text. */
export function loadScenario(options: LoadOptions): Loaded {
  const loader = new Loader(options);
  const scenarios = loader.load();
  const problems = loader.problems();
  const warnings = loader.warnings();
  return { scenarios: problems.length === 0 ? scenarios : [], problems, warnings };
}

class Loader {
  readonly #options: LoadOptions;
  readonly #findings: Finding[] = [];
  readonly #warnings: Finding[] = [];
  readonly #texts = new Map<string, string>();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  load(): readonly Scenario[] {
    const layers = this.#layers();
    if (layers === null) return [];
    const expanded = this.#expand(layers);
    const { tree } = expanded;
    const names = this.#policyNames(tree);
    if (names.length === 0) {
      const scenario = this.#normalise(expanded, null);
      return scenario === null ? [] : [scenario];
    }
    return names.flatMap((name) => {
      const overlay = treeAt(tree, ["policies", name, "overlay"]);
      const variant = overlay?.kind === "map" ? this.#variant(layers, expanded, overlay) : expanded;
      // Each set is checked with its own overlay, which may be what makes it right or wrong.
      const scenario = this.#normalise(variant, name);
      return scenario === null ? [] : [scenario];
    });
  }

  /** The file, its overlays and settings, or null when one of them is not YAML. */
  #layers(): Layers | null {
    const { overlays = [], set = [] } = this.#options;
    const trees = [this.#options, ...overlays].map(({ file, text }) => {
      this.#texts.set(file, text);
      const { tree, findings } = parseTree(file, text);
      this.#findings.push(...findings);
      return tree;
    });
    const [base, ...patches] = trees;
    if (base == null || patches.includes(null)) return null;
    return { base, patches: patches.filter((patch) => patch !== null), settings: set };
  }

  /** All layers as one, above what they take from manifests. */
  #expand(layers: Layers): Expanded {
    const expanded = expandManifests(layers, this.#options);
    for (const [file, text] of expanded.texts) this.#texts.set(file, text);
    this.#findings.push(...expanded.findings);
    this.#warnings.push(...expanded.warnings);
    return expanded;
  }

  /** The scenario under one set of policies, which may run on manifests of its own. */
  #variant(layers: Layers, expanded: Expanded, overlay: Tree): Expanded {
    if (!choosesManifests(overlay)) {
      return { ...expanded, tree: mergeTrees(expanded.tree, overlay) };
    }
    const own = this.#expand({ ...layers, patches: [...layers.patches, overlay] });
    return { ...own, tree: mergeTrees(own.tree, withoutChoice(overlay)) };
  }

  /** The sets of policies that are wanted, in the order of the file. */
  #policyNames(tree: Tree): readonly string[] {
    const known = keysAt(tree, ["policies"]);
    const wanted = this.#options.policies;
    if (wanted === undefined) return known;
    const available = known.length === 0 ? ["as-is"] : known;
    for (const name of wanted) {
      if (available.includes(name)) continue;
      const file = `--policy ${name}`;
      this.#texts.set(file, name);
      const span = { file, start: 0, end: name.length };
      const parts = name.split(",").map((part) => part.trim());
      const isList = parts.length > 1 && parts.every((part) => available.includes(part));
      const hint = isList ? `separate by spaces: --policy ${parts.join(" ")}` : null;
      const message = `no policy "${name}"`;
      this.#findings.push({ span, message, hint: hint ?? nameHint(name, available) });
    }
    return known.filter((name) => wanted.includes(name));
  }

  #normalise({ tree, notes }: Expanded, policy: string | null): Scenario | null {
    const { registry = builtInPolicies, readFile, autoWarmUp } = this.#options;
    const checked = checkTree(scenarioSchema, tree, STAND_INS);
    this.#findings.push(...checked.findings);
    if (checked.value === null) return null;
    const context = new Context({
      isWellFormed: this.#findings.length === 0,
      tree: checked.tree,
      whole: tree,
      registry,
      readFile,
    });
    const all = [...readNotes(this.#options.text), ...notes.map((note) => this.#note(note))];
    const scenario = normaliseScenario(context, checked.value, policy, all, autoWarmUp);
    this.#findings.push(...context.findings);
    this.#warnings.push(...context.notes);
    for (const [file, text] of context.texts) this.#texts.set(file, text);
    const found = context.notes.map(({ span, message }) =>
      this.#note({ span, kind: "not-modelled", text: message }),
    );
    return { ...scenario, notes: [...scenario.notes, ...found] };
  }

  /** What was found, once each, in the order of the files and their lines. */
  problems(): readonly Problem[] {
    return this.#ordered(this.#findings);
  }

  warnings(): readonly Problem[] {
    return this.#ordered(this.#warnings);
  }

  #ordered(findings: readonly Finding[]): readonly Problem[] {
    const files = [...this.#texts.keys()];
    const unique = new Map(
      findings.map((finding) => [JSON.stringify([finding.span, finding.message]), finding]),
    );
    const ordered = [...unique.values()].sort(
      (a, b) =>
        files.indexOf(a.span.file) - files.indexOf(b.span.file) || a.span.start - b.span.start,
    );
    return ordered.map((finding) => this.#problem(finding));
  }

  /** A note on manifests, at the line of the scenario that names them. */
  #note({ span, kind, text }: Expanded["notes"][number]): ScenarioNote {
    return { line: this.#problem({ span, message: text, hint: null }).line, kind, text };
  }

  #problem({ span, message, hint }: Finding): Problem {
    const text = this.#texts.get(span.file) ?? "";
    const before = text.slice(0, span.start).split(/\r\n|\n|\r/u);
    const column = (before.at(-1) ?? "").length + 1;
    const sourceLine = text.split(/\r\n|\n|\r/u)[before.length - 1] ?? "";
    const length = Math.max(1, Math.min(span.end - span.start, sourceLine.length - column + 1));
    return { file: span.file, line: before.length, column, length, message, hint, sourceLine };
  }
}
