import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listBeside } from "../../sim/cli/manifestFiles.ts";

const root = mkdtempSync(join(tmpdir(), "peakday-manifests-"));
const FILES = [
  "scenario.yaml",
  "k8s/web.yaml",
  "k8s/api.yml",
  "k8s/more.json",
  "k8s/notes.md",
  "k8s/.hidden.yaml",
  "k8s/base/db.yaml",
  "k8s/base/deep/er.yaml",
  "k8s (copy)/web+1.yaml",
  "up.yaml",
];

beforeAll(() => {
  for (const name of FILES) {
    mkdirSync(dirname(join(root, "sims", name)), { recursive: true });
    writeFileSync(join(root, "sims", name), "");
  }
  writeFileSync(join(root, "beside.yaml"), "");
  symlinkSync(join(root, "sims/k8s"), join(root, "sims/k8s/base/circle"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the files of a pattern", () => {
  it.each([
    { pattern: "k8s/web.yaml", want: ["k8s/web.yaml"] },
    { pattern: "./k8s/*.yaml", want: ["k8s/web.yaml"] },
    { pattern: "k8s/*.{yaml,yml}", want: ["k8s/api.yml", "k8s/web.yaml"] },
    { pattern: "k8s", want: ["k8s/api.yml", "k8s/more.json", "k8s/web.yaml"] },
    { pattern: "k8s/", want: ["k8s/api.yml", "k8s/more.json", "k8s/web.yaml"] },
    { pattern: "k8s/???.yaml", want: ["k8s/web.yaml"] },
    { pattern: "k8s/base/**/*r.yaml", want: ["k8s/base/deep/er.yaml"] },
    { pattern: "k8s (copy)/*+1.yaml", want: ["k8s (copy)/web+1.yaml"] },
    { pattern: "../*.yaml", want: ["../beside.yaml"] },
    { pattern: "*/web.yaml", want: ["k8s/web.yaml"] },
    { pattern: "nowhere/*.yaml", want: [] },
    { pattern: "k8s/gone.yaml", want: [] },
    { pattern: "k8s/*.{yaml", want: ["k8s/web.yaml"] },
    { pattern: "k8s/[.yaml", want: [] },
  ])("$pattern", ({ pattern, want }) => {
    expect(listBeside(join(root, "sims/scenario.yaml"), pattern)).toEqual(want);
  });

  it("include those of all folders below, and no circle", () => {
    const found = listBeside(join(root, "sims/scenario.yaml"), "k8s/**/*.yaml");
    expect(found).toEqual(["k8s/base/db.yaml", "k8s/base/deep/er.yaml", "k8s/web.yaml"]);
  });
});
