import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KNOWN_FOLDERS, SIM_LAYERS, TOP_LEVEL } from "./tidy/layers.ts";
import { violations } from "./tidy/violations.ts";

const root = join(import.meta.dirname, "..");
/** Made by tools, and ignored by git. */
const GENERATED = ["dist", "node_modules", "out"];

/** Paths of all programs below a folder, from the root, sorted. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .filter((path) => /\.m?[jt]s$/.test(path))
    .sort();
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

describe("the project is tidy", () => {
  const folders = ["sim", "reports", "loadtests", "test", ".build"].filter((folder) =>
    existsSync(join(root, folder)),
  );
  const sources = folders.flatMap(sourcesIn);

  it("keeps every rule in every source file", () => {
    expect(sources.length).toBeGreaterThan(50);
    const broken = sources.flatMap((path) =>
      violations(path, readFileSync(join(root, path), "utf8")),
    );
    expect(broken.join("\n")).toBe("");
  });

  it("has nothing new at the top level", () => {
    const unknown = readdirSync(root).filter(
      (name) => !name.startsWith(".") && !TOP_LEVEL.includes(name) && !GENERATED.includes(name),
    );
    expect(unknown).toEqual([]);
    const papers = ["CHANGELOG.md", "LICENSE", "README.md"];
    expect(papers.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it("has every layer of the design, and no other folder", () => {
    const layers = SIM_LAYERS.map((layer) => `sim/${layer}`);
    const missing = [...layers, "sim/cli", "reports", "reports/render"].filter(
      (folder) => !sources.some((path) => path.startsWith(`${folder}/`)),
    );
    expect(missing).toEqual([]);
    const unknown = Object.entries(KNOWN_FOLDERS)
      .filter(([parent]) => existsSync(join(root, parent)))
      .flatMap(([parent, known]) =>
        foldersIn(parent)
          .filter((name) => !known.includes(name))
          .map((name) => `${parent}/${name}`),
      );
    expect(unknown).toEqual([]);
  });

  it("keeps scenarios/ free of programs", () => {
    expect(sourcesIn("scenarios")).toEqual([]);
  });

  it("locks no address of a registry", () => {
    expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toContain('"resolved"');
  });
});

describe("violations", () => {
  const long = (lines: number): string => `function f() {\n${"f();\n".repeat(lines - 2)}}\n`;

  it.each([
    { why: "a clock", text: "f(Date.now());", rule: "`Date.now`" },
    { why: "a date of today", text: "new Date();", rule: "`new Date(`" },
    { why: "a stopwatch", text: "performance.now();", rule: "`performance.now`" },
    { why: "chance", text: "Math.random();", rule: "`Math.random`" },
    { why: "the process", text: "process.env;", rule: "`process.env`" },
    { why: "the terminal", text: 'console.log("");', rule: "`console.log`" },
    { why: "a timer", text: "setTimeout(f, 1);", rule: "`setTimeout(`" },
    { why: "an interval", text: "setInterval(f, 1);", rule: "`setInterval(`" },
    { why: "an async function", text: "async function g() {}", rule: "synchronous" },
    { why: "an async arrow", text: "const g = async () => 1;", rule: "synchronous" },
    { why: "an async method", text: "class C { async m() {} }", rule: "synchronous" },
    { why: "await", text: "await f();", rule: "synchronous" },
    { why: "a promise", text: "new Promise(f);", rule: "synchronous" },
    { why: "a settled promise", text: "Promise.resolve(1);", rule: "synchronous" },
    { why: "a file", text: 'import "node:fs";', rule: "must not import node:fs" },
    { why: "a file, old name", text: 'import "fs/promises";', rule: "must not import fs/promises" },
    { why: "the language", text: "a.localeCompare(b);", rule: "`localeCompare`" },
  ])("finds $why in a pure folder only", ({ text, rule }) => {
    for (const pure of ["sim/kernel/a.ts", "sim/scenario/a.ts", "reports/a.ts"]) {
      expect(violations(pure, `\n${text}\n`)).toEqual([expect.stringContaining(rule)]);
      expect(violations(pure, `\n${text}\n`)[0]).toMatch(`${pure}:2: `);
    }
    const impure = ["sim/cli/a.ts", "sim/experiment/executors/a.ts", "reports/render/a.ts"];
    for (const path of [...impure, "loadtests/control/a.ts", "test/a.test.ts"]) {
      expect(violations(path, text)).toEqual([]);
    }
  });

  it.each([
    { why: "an import to the right", path: "sim/kernel/a.ts", text: 'import "../stats/b.ts";' },
    {
      why: "a type to the right",
      path: "sim/policy/a.ts",
      text: 'type B = import("../control/b.ts").B;',
    },
    { why: "a re-export", path: "sim/result/a.ts", text: 'export * from "../scenario/b.ts";' },
    {
      why: "a named re-export",
      path: "sim/result/a.ts",
      text: 'export { b } from "../cluster/b.ts";',
    },
    {
      why: "a lazy import",
      path: "sim/cluster/a.ts",
      text: 'f(import("../dataplane/exact/b.ts"));',
    },
    {
      why: "an import of the command line",
      path: "sim/experiment/a.ts",
      text: 'import "../cli/b.ts";',
    },
    {
      why: "the command line in loadtests",
      path: "loadtests/control/a.ts",
      text: 'import "../../sim/cli/b.ts";',
    },
    {
      why: "an experiment in loadtests",
      path: "loadtests/a.ts",
      text: 'import "../sim/experiment/b.ts";',
    },
    { why: "the model in a report", path: "reports/a.ts", text: 'import "../sim/kernel/time.ts";' },
    {
      why: "a report in the model",
      path: "sim/scenario/a.ts",
      text: 'import "../../reports/b.ts";',
    },
    { why: "a test in the model", path: "sim/stats/a.ts", text: 'import "../../test/b.ts";' },
    { why: "the library's face inside", path: "sim/cli/a.ts", text: 'import "../index.ts";' },
    {
      why: "the command line in the library",
      path: "sim/index.ts",
      text: 'export * from "./cli/b.ts";',
    },
  ])("finds $why", ({ path, text }) => {
    expect(violations(path, text)).toEqual([expect.stringMatching(/:1: .* must not import /)]);
  });

  it.each([
    { path: "sim/experiment/a.ts", text: 'import "../kernel/b.ts"; import "./b.ts";' },
    { path: "sim/stats/a.ts", text: 'import "../kernel/b.ts"; import "@stdlib/stats";' },
    { path: "sim/cli/a.ts", text: 'import "../../reports/b.ts"; import "../../loadtests/c.ts";' },
    { path: "loadtests/control/a.ts", text: 'import "../../sim/scenario/b.ts";' },
    { path: "reports/render/a.ts", text: 'import "../b.ts"; import "../../sim/result/c.ts";' },
    { path: "test/cli/a.test.ts", text: 'import "../../sim/cli/b.ts";' },
  ])("allows the imports of $path", ({ path, text }) => {
    expect(violations(path, text)).toEqual([]);
  });

  it("keeps seedrandom in one file, and there to its seeded alea", () => {
    const text = 'import seedrandom from "seedrandom";\nseedrandom.alea("seed");\n';
    expect(violations("sim/kernel/streams.ts", text)).toEqual([]);
    expect(violations("sim/workload/a.ts", text)).toEqual([
      expect.stringMatching(/^sim\/workload\/a\.ts:1: seedrandom is for /),
    ]);
    expect(violations("sim/kernel/streams.ts", "seedrandom();")).toHaveLength(1);
  });

  it.each([
    { why: "101 columns", text: `// ${"x".repeat(98)}`, rule: "101 columns" },
    { why: "71 lines in a function", text: long(71), rule: "a function of 71 lines" },
    { why: "any", text: "let a: any;", rule: "unknown" },
    { why: "a silenced error", text: `// @ts-${"ignore"}\n`, rule: "hides an error" },
    { why: "a deferred task", text: `/* TO${"DO"} */`, rule: "file an issue" },
    { why: "a machine's path", text: `f("${"/ho"}me/ann/x");`, rule: "a path of one machine" },
    { why: "a syntax error", text: "let a = ;", rule: "nexpected" },
  ])("finds $why everywhere", ({ text, rule }) => {
    for (const path of ["sim/stats/a.ts", "loadtests/k6/a.ts", "test/a.test.ts"]) {
      expect(violations(path, text)).toEqual([expect.stringContaining(rule)]);
    }
  });

  it.each([
    { why: "100 columns", text: `// ${"x".repeat(97)}` },
    { why: "a long address", text: `// https://example.com/${"x".repeat(100)}` },
    { why: "70 lines in a function", text: long(70) },
    { why: "a long list of tests", text: `describe("x", () => {\n${"f();\n".repeat(90)}});` },
    { why: "forbidden words in prose", text: '// Math.random() and new Date\nf("Date.now()");' },
    { why: "members of one's own", text: "process.next(); this.setTimeout(1); clock.now();" },
    { why: "a fixed date", text: "Date.parse(a);" },
  ])("lets $why pass", ({ text }) => {
    expect(violations("sim/stats/a.ts", text)).toEqual([]);
  });

  it("lists what it finds in order of lines", () => {
    const found = violations("sim/stats/a.ts", "let a: any;\nDate.now();\nlet b: any;\n");
    expect(found.map((text) => text.split(": ")[0])).toEqual([
      "sim/stats/a.ts:1",
      "sim/stats/a.ts:2",
      "sim/stats/a.ts:3",
    ]);
  });
});
