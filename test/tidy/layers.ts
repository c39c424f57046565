import { builtinModules } from "node:module";
import { posix } from "node:path";

/** Folders of sim/ from the bottom up: each may import from those before it. */
export const SIM_LAYERS = [
  "kernel",
  "stats",
  "result",
  "workload",
  "policy",
  "control",
  "cluster",
  "dataplane",
  "scenario",
  "experiment",
] as const;

/** What may be directly in a folder; below that, each layer divides itself as it likes. */
export const KNOWN_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  sim: [...SIM_LAYERS, "cli"],
  loadtests: ["k6", "stack", "control", "collect"],
};

export const TOP_LEVEL: readonly string[] = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "loadtests",
  "package-lock.json",
  "package.json",
  "reports",
  "scenarios",
  "sim",
  "test",
  "tsconfig.json",
];

/** The folders that may do input and output, and may be asynchronous. */
const IMPURE = ["sim/cli/", "sim/experiment/executors/", "reports/render/", "loadtests/"];

/** Pure code is synchronous, has no clock, no randomness of its own and no surroundings. */
export function isPure(path: string): boolean {
  return /^(sim|reports)\//.test(path) && !IMPURE.some((folder) => path.startsWith(folder));
}

/** The rule that an import breaks, or null. `path` is the importing file, from the root. */
export function brokenImportRule(path: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return brokenPackageRule(path, specifier);
  const target = posix.join(posix.dirname(path), specifier);
  const from = areaOf(path);
  const to = areaOf(target);
  if (from === "test" || from === to) return null;
  return mayImport(from, to) ? null : `${from} must not import ${to} (${target})`;
}

function brokenPackageRule(path: string, specifier: string): string | null {
  if (specifier === "seedrandom" && path.startsWith("sim/") && path !== "sim/kernel/streams.ts") {
    return "seedrandom is for sim/kernel/streams.ts; take a named stream";
  }
  const isBuiltin =
    specifier.startsWith("node:") || builtinModules.includes(specifier.split("/")[0] ?? "");
  return isBuiltin && isPure(path) ? `pure code must not import ${specifier}` : null;
}

/** `sim/kernel`, `reports`, `test`, …; `sim/index.ts`, the library's face, is its own area. */
function areaOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "sim" ? `sim/${second}` : top;
}

function mayImport(from: string, to: string): boolean {
  if (to === "sim/cli" || to === "test" || to === "sim/index.ts") return false;
  switch (from) {
    case "sim/cli":
      return true;
    case "sim/index.ts":
      return to.startsWith("sim/");
    case "reports":
      return to === "sim/result" || to === "sim/stats";
    case "loadtests":
      return to.startsWith("sim/") && to !== "sim/experiment";
    default: {
      const ranks: readonly string[] = SIM_LAYERS.map((layer) => `sim/${layer}`);
      return ranks.includes(from) && ranks.includes(to) && ranks.indexOf(to) < ranks.indexOf(from);
    }
  }
}
