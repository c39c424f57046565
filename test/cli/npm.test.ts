import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SHOP, Workplace } from "./support.ts";

const root = join(import.meta.dirname, "../..");
const overlay = "services: { web: { replicas: 3 } }";
const place = new Workplace({
  "shop.yaml": SHOP.replace("p95: 500ms", "p95: 1ms"),
  "more/peak.yaml": overlay,
});

/** As npm starts a script: in the folder of its package.json, with where the user is. */
const asNpm = (line: string, env: Readonly<Record<string, string>>) =>
  spawnSync(process.execPath, ["sim/cli/bin.mjs", ...line.split(" ")], {
    cwd: root,
    env: { LANG: "C.UTF-8", INIT_CWD: place.folder, ...env },
    encoding: "utf8",
  });

const ours = { npm_lifecycle_event: "peakday", npm_package_name: "peakday" };

describe("started by npm from another folder", () => {
  it("takes and prints paths from where the user is", () => {
    const line = "compare shop.yaml --overlay more/peak.yaml --runs 1 --workers 0 --quiet --out a";
    const { status, stdout, stderr } = asNpm(line, ours);
    expect({ status, stderr }).toEqual({ status: 99, stderr: "" });
    expect(stdout).toContain("\nreport   a/report.html\n");
    expect(stdout).toMatch(
      /npm run -s\s+peakday -- run shop.yaml --policy (?:two|four) --overlay/u,
    );
    expect(place.list("a")).toEqual(["report.html", "result.json", "run.json"]);
  });

  it("gives the bytes that it gives without npm", () => {
    const line = "run shop.yaml --runs 1 --workers 0 --quiet --out";
    asNpm(`${line} b`, ours);
    place.peakday(`${line} c`);
    for (const file of ["result.json", "report.html"]) {
      expect(place.read(`b/${file}`)).toBe(place.read(`c/${file}`));
    }
  });

  it.each([
    { why: "a script whose paths stand in package.json", env: { npm_lifecycle_event: "start" } },
    { why: "a script of another package", env: { npm_package_name: "other" } },
  ])("stays where it is for $why", ({ env }) => {
    const { status, stderr } = asNpm("run shop.yaml", { ...ours, ...env });
    expect({ status, stderr }).toEqual({ status: 104, stderr: 'error: no scenario "shop.yaml"\n' });
  });
});
