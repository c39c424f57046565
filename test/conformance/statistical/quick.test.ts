import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { main } from "../run.ts";

const tables = join(import.meta.dirname, "..");
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "quick-conformance-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The first cases of each table of a group, in a folder of their own; how many there are. */
function firstCases(group: string, most: number): number {
  mkdirSync(join(dir, group));
  let count = 0;
  for (const name of readdirSync(join(tables, group))) {
    const table: { readonly cases: readonly unknown[] } = JSON.parse(
      readFileSync(join(tables, group, name), "utf8"),
    );
    const cases = table.cases.slice(0, most);
    count += cases.length;
    writeFileSync(join(dir, group, name), JSON.stringify({ ...table, cases }));
  }
  return count;
}

it.each([{ group: "tail", most: 1 }])(
  "the first cases of each $group table agree, $most a table",
  async ({ group, most }) => {
    const count = firstCases(group, most);
    const lines: string[] = [];
    await main(["--dir", dir, "--group", group], (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith("  "))).toEqual([]);
    expect(lines.at(-1)).toBe(`${count} passed, 0 failed`);
  },
  120_000,
);
