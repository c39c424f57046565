import type { PolicyRegistry } from "../../policy/index.ts";
import { markOf, spanOf } from "../issues.ts";
import type { Finding } from "../parse.ts";
import { nameHint } from "../problem.ts";
import { keySpanAt, keysAt, type Path, type Tree, treeAt } from "../tree.ts";

/** One endpoint that calls another, for the search for circles. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly path: Path;
}

/**
 * What normalising a scenario needs everywhere: the places of things, the names there are, and
 * where problems go. Names come from the tree as it was written, before anything wrong was cut out
 * of it, so that a mistake inside of a service does not make its callers wrong too.
 */
export class Context {
  readonly tree: Tree;
  readonly whole: Tree;
  readonly registry: PolicyRegistry;
  readonly readFile: (name: string) => string | null;
  readonly findings: Finding[] = [];
  /** What is not modelled of what was written, and hinders nothing. */
  readonly notes: Finding[] = [];
  readonly edges: Edge[] = [];
  /** Places of caches whose hits depend on the keys of requests. */
  readonly lookups: Path[] = [];
  /** Texts of files that were read on the way, for the places of their problems. */
  readonly texts = new Map<string, string>();

  readonly #isWellFormed: boolean;

  constructor(options: {
    readonly isWellFormed: boolean;
    readonly tree: Tree;
    readonly whole: Tree;
    readonly registry: PolicyRegistry;
    readonly readFile: (name: string) => string | null;
  }) {
    this.#isWellFormed = options.isWellFormed;
    this.tree = options.tree;
    this.whole = options.whole;
    this.registry = options.registry;
    this.readFile = options.readFile;
  }

  /** Nothing was wrong so far, with the form or with the sense. */
  get isSound(): boolean {
    return this.#isWellFormed && this.findings.length === 0;
  }

  names(...path: Path): readonly string[] {
    return keysAt(this.whole, path);
  }

  /** Reports a problem at a value. */
  atValue(path: Path, message: string, hint: string | null = null): void {
    const node = treeAt(this.tree, path);
    this.findings.push({
      span: node === null ? spanOf(this.tree, path) : markOf(node),
      message,
      hint,
    });
  }

  /** Notes at a key, or at the nearest one above, that something is not modelled. */
  noteAt(path: Path, message: string, hint: string | null = null): void {
    const span = keySpanAt(this.tree, path) ?? spanOf(this.tree, path);
    this.notes.push({ span, message, hint });
  }

  /** Reports a problem at a key, or at the nearest one above. */
  atKey(path: Path, message: string, hint: string | null = null): void {
    const span = keySpanAt(this.tree, path) ?? spanOf(this.tree, path);
    this.findings.push({ span, message, hint });
  }

  /**
   * Whether a name is known; reports it when it is not. `what` is "service", or "endpoint of
   * product".
   */
  knows(
    what: string,
    written: string,
    known: readonly string[],
    path: Path,
    on: "key" | "value" = "value",
  ): boolean {
    if (known.includes(written)) return true;
    const [kind, owner] = what.split(" of ");
    const message = `no ${kind} "${written}"${owner === undefined ? "" : ` of "${owner}"`}`;
    const hint = nameHint(written, known);
    if (on === "key") this.atKey(path, message, hint);
    else this.atValue(path, message, hint);
    return false;
  }
}
