import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { Problem } from "../../sim/scenario/problem.ts";

const folder = join(import.meta.dirname, "malformed");
/** The scenarios end in .yaml.txt: tools that check YAML should leave them as they are. */
const SUFFIX = ".yaml.txt";
const names = readdirSync(folder)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

/** A trace with one mistake of each kind, for the scenario that reads it. */
const BROKEN_CSV = "timestamp_s,rps\n0,100\n60,many\n30\n20,5\n10,5\n";

const load = (name: string) =>
  loadScenario({
    file: `${name}.yaml`,
    text: readFileSync(join(folder, `${name}${SUFFIX}`), "utf8"),
    readFile: (file) => (file === "broken.csv" ? BROKEN_CSV : null),
  });

/** A problem as text that can be reviewed: place, what the carets underline, message, hint. */
function problemLines({ file, line, column, length, message, hint, sourceLine }: Problem): string {
  const underlined = sourceLine.slice(column - 1, column - 1 + length).replaceAll("\t", "→");
  const place = `${file}:${line}:${column}: [${underlined}] ${message}`;
  return hint === null ? place : `${place}\n    ${hint}`;
}

describe("a malformed scenario", () => {
  it("comes in at least twenty kinds", () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
  });

  it.each(names)("has all its problems told: %s", async (name) => {
    const { scenarios, problems } = load(name);
    expect(scenarios).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
    const text = `${problems.map(problemLines).join("\n")}\n`;
    await expect(text).toMatchFileSnapshot(join(folder, `${name}.problems.txt`));
  });

  it.each(names)("has its problems in the order of the file: %s", (name) => {
    const places = load(name).problems.map(({ file, line, column }) => ({ file, line, column }));
    const files = [...new Set(places.map(({ file }) => file))];
    const sorted = places.toSorted(
      (a, b) =>
        files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
    expect(places).toEqual(sorted);
  });
});
