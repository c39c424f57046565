import type { ScenarioOptions } from "./scenarioInput.ts";
import { commandName } from "./startFolder.ts";

/** A command on the same scenario, with everything that was laid over it, to be copied. */
export function commandLine(
  command: string,
  file: string,
  options: Omit<ScenarioOptions, "policy">,
  more: readonly string[],
): string {
  const { overlay = [], set = [], policies, seed } = options;
  const words = [
    ...overlay.flatMap((name) => ["--overlay", name]),
    ...set.flatMap((setting) => ["--set", setting]),
    ...(policies === undefined ? [] : ["--policies", policies]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
  ];
  return [commandName, ...[command, file, ...more, ...words].map(quoted)].join(" ");
}

/** As a shell takes it for one word. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
