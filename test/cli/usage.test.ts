import { describe, expect, it } from "vitest";
import { SHOP, Workplace } from "./support.ts";

const place = new Workplace({
  "shop.yaml": SHOP,
  "tab.yaml": "duration: 1m\n\treplicas: 3\n",
  "wrong.yaml": "services:\n  web:\n    replica: 3\n",
  "folder/inner.yaml": SHOP,
});

const SIMULATING = ["run", "compare", "canary", "sweep", "headroom"];
const COMMANDS = [...SIMULATING, "init", "schema", "report", "snapshot"];

describe("help", () => {
  const { status, stdout, stderr } = place.peakday("--help");

  it("names every command, fits 80 columns, and goes to stdout", () => {
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: peakday <command> \[options\]\n/);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);
    expect(listed).toEqual(COMMANDS);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toContain("\nExample\n  peakday compare scenarios/black-friday.yaml\n");
  });

  it.each(COMMANDS)("of %s has aligned defaults, an example and no wide line", (command) => {
    const help = place.peakday(`${command} --help`);
    expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: "" });
    expect(help.stdout).toMatch(new RegExp(`^Usage: peakday ${command} .*\\[options\\]\n`));
    expect(help.stdout).toMatch(new RegExp(`\nExamples?\n  peakday ${command}`));
    const lines = help.stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    const ends = lines.filter((line) => line.includes("(default: ")).map((line) => line.length);
    expect(ends.every((end) => end === 78)).toBe(true);
  });

  it("is shown on stderr when there is no command", () => {
    const none = place.peakday("");
    expect(none.status).toBe(104);
    expect(none.stdout).toBe("");
    expect(none.stderr).toBe(stdout);
  });
});

describe("a slip on the command line", () => {
  it.each([
    {
      line: "comapre shop.yaml",
      says: [
        'error: no command "comapre"',
        '       did you mean "compare"? known: canary, compare, headroom, init, report, run, ' +
          "schema, snapshot, sweep",
      ],
    },
    {
      line: "shop.yaml",
      says: ['error: no command "shop.yaml"', "       to simulate it: peakday run shop.yaml"],
    },
    {
      line: "run shop.yaml --workrs 2",
      says: ['error: peakday run has no option "--workrs"', '       did you mean "--workers"?'],
    },
    {
      line: "--quiet run shop.yaml",
      says: [
        'error: "--quiet" stands before the command',
        "       options follow it: peakday run --quiet",
      ],
    },
    {
      line: "run",
      says: [
        "error: peakday run needs a scenario",
        "       as in: peakday run scenarios/hello.yaml",
      ],
    },
    {
      line: "compare --policy two shop.yaml",
      says: [
        "error: peakday compare needs a scenario",
        "       --policy takes every word that follows it: put the scenario first",
      ],
    },
    {
      line: "run shop.yaml shop.yaml",
      says: [
        "error: peakday run takes one scenario, found shop.yaml, shop.yaml",
        "       a partial scenario goes over another with --overlay",
      ],
    },
    {
      line: "run shop.yaml --runs 0",
      says: ['error: --runs is a whole number from 1 to 100000, found "0"'],
    },
    {
      line: "run shop.yaml --workers 9999",
      says: ['error: --workers is a whole number from 0 to 1024, found "9999"'],
    },
    {
      line: "run shop.yaml --seed -1",
      says: ['error: --seed is a whole number from 0 up, found "-1"'],
    },
    {
      line: "run shop.yaml --level 95",
      says: [
        'error: --level is a confidence level from 0.5 to below 1, like 0.95, found "95"',
        "       write 0.95",
      ],
    },
    {
      line: "run shop.yaml --runs",
      says: ["error: --runs needs a value: --runs N", "       see peakday run --help"],
    },
    {
      line: "run shop.yaml --set duration",
      says: ['error: --set is path=value, found "duration"', "       as in: --set duration=5m"],
    },
    {
      line: "snapshot shop.yaml --at noon",
      says: ['error: --at is a time like 90s, 10m or 1h30m, found "noon"'],
    },
    {
      line: "compare shop.yaml --against tow",
      says: [
        'error: --against names no policy of this comparison: "tow"',
        '       did you mean "two"? known: four, two',
      ],
    },
  ])("is explained: $line", ({ line, says }) => {
    const { status, stdout, stderr } = place.peakday(line);
    expect(stderr).toBe(`${says.join("\n")}\n`);
    expect({ status, stdout }).toEqual({ status: 104, stdout: "" });
  });
});

describe("a wrong file", () => {
  it.each([
    {
      why: "a misspelt name",
      line: "run shpo.yaml",
      says: ['error: no scenario "shpo.yaml"', '       did you mean "shop.yaml"?'],
    },
    {
      why: "a folder",
      line: "run folder",
      says: ['error: "folder" is a folder, not a scenario', "       it holds inner.yaml"],
    },
    {
      why: "a missing overlay",
      line: "run shop.yaml --overlay wron.yaml",
      says: ['error: no overlay "wron.yaml"', '       did you mean "wrong.yaml"?'],
    },
    {
      why: "a mistake in an overlay, at its own place",
      line: "run shop.yaml --overlay wrong.yaml",
      says: ['wrong.yaml:3:5: error: unknown key "replica"', 'did you mean "replicas"?'],
    },
    {
      why: "an overlay that is no YAML",
      line: "run shop.yaml --overlay tab.yaml",
      says: ["tab.yaml:2:1: error: a tab cannot indent YAML", "use spaces"],
    },
    {
      why: "a path that leads nowhere",
      line: "run shop.yaml --set traffic.vistors.rate=1/s --set dration=5m",
      says: ['--set dration:1:1: error: unknown key "dration"', 'did you mean "duration"?'],
    },
    {
      why: "a path into a service that is not there",
      line: "run shop.yaml --set services.wbe.replicas=6",
      says: ['--set services.wbe.replicas:1:1: error: no service "wbe"', 'did you mean "web"?'],
    },
    {
      why: "a policy that is not in it",
      line: "compare shop.yaml --policy fuor",
      says: ['--policy fuor:1:1: error: no policy "fuor"', 'did you mean "four"?'],
    },
    {
      why: "two policies as one",
      line: "compare shop.yaml --policy two,four",
      says: ['error: no policy "two,four"', "separate by spaces: --policy two four"],
    },
    {
      why: "a result that is YAML",
      line: "report shop.yaml",
      says: ['error: "shop.yaml" is not JSON'],
    },
  ])("is explained: $why", ({ line, says }) => {
    const { status, stdout, stderr } = place.peakday(line);
    for (const part of says) expect(stderr).toContain(part);
    expect({ status, stdout }).toEqual({ status: 104, stdout: "" });
    expect(place.list()).toEqual(["folder", "shop.yaml", "tab.yaml", "wrong.yaml"]);
  });
});
