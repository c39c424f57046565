import { describe, expect, it } from "vitest";
import { libraryHint, typeScriptProblem } from "../../sim/cli/policyFile.ts";
import { OWN, ownPolicy, sourceUrl, Workplace } from "./support.ts";

const place = new Workplace({ "own.yaml": OWN });

const run = (file: string, text: string, workers = 0) => {
  place.write(file, text);
  return place.peakday(`run own.yaml --policies ${file} --runs 1 --workers ${workers} --quiet`);
};

describe("a file of policies", () => {
  it("is used, in JavaScript and TypeScript", () => {
    expect(run("mine.mjs", ownPolicy(), 1)).toMatchObject({ status: 0, stderr: "" });
    const typed = ownPolicy({ init: "(): { readonly a: number } => ({ a: 1 })" });
    expect(run("mine.ts", typed)).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    { why: "nothing", text: "", says: "neither", and: "found nothing" },
    { why: "a misspelt name", text: "export const autoscaler = {};", says: "found autoscaler" },
    { why: "a number", text: "export const autoscalers = 3;", says: "found a number" },
    {
      why: "a policy without methods",
      text: "export const autoscalers = { mine: { init() {} } };",
      says: 'the policy "mine" of "autoscalers" lacks validate(), syncPeriod(), step()',
    },
    { why: "an error", text: '\nthrow new Error("no luck");', says: "bad.mjs:2:7: no luck" },
    { why: "half a module", text: "export const autoscalers = {", says: "bad.mjs:1" },
    { why: "an import of nothing", text: 'import "nowhere";', says: "package 'nowhere'" },
  ])("is refused when it holds $why", ({ text, says }) => {
    const { status, stdout, stderr } = run("bad.mjs", text);
    expect({ status, stdout }).toEqual({ status: 104, stdout: "" });
    expect(stderr).toMatch(/^error: cannot use the policies of "bad.mjs"\n {7}/);
    expect(stderr).toContain(says);
  });

  it("is refused when it is missing", () => {
    const { status, stderr } = place.peakday("run own.yaml --policies min.mjs");
    expect({ status, stderr }).toEqual({
      status: 104,
      stderr: 'error: no policy file "min.mjs"\n       did you mean "mine.mjs"?\n',
    });
  });

  it("is told where to find peakday, on a Node that looks beside the file only", () => {
    const reason = "Cannot find package 'peakday' imported from /a/mine.mjs";
    const hint = "npm install peakday beside it, or use Node ≥ 22.15; this is v20.20.2";
    expect(libraryHint(reason, "v20.20.2")).toBe(hint);
    expect(libraryHint("Cannot find package 'nowhere'", "v20.20.2")).toBe(null);
  });

  it.each([
    { file: "a.ts", support: undefined, problem: true },
    { file: "a.mts", support: false, problem: true },
    { file: "a.ts", support: "strip", problem: false },
    { file: "a.mjs", support: undefined, problem: false },
  ])("of $file on a Node whose TypeScript is $support", ({ file, support, problem }) => {
    const text = typeScriptProblem(file, support, "v20.20.2");
    expect(text === null).toBe(!problem);
    if (problem) expect(text).toContain("TypeScript, which needs Node ≥ 22.18; this is v20.20.2");
  });
});

describe("a policy that fails", () => {
  it.each([
    {
      method: "validate",
      code: '() => { throw new Error("no luck"); }',
      says: ['error: the policy "mine" failed in validate; nothing was run', "no luck"],
    },
    {
      method: "step",
      code: '() => { throw new Error("no luck"); }',
      says: [
        'error: the policy "mine" failed in step; nothing was written',
        /fails.mjs:\d+:\d+: no luck/,
        "policy set own, seed 1, replication 0, time ",
      ],
    },
    {
      method: "step",
      code: "() => 3",
      says: ["failed in step", "\n       it gives { state, decision }, found 3\n"],
    },
    {
      method: "syncPeriod",
      code: "() => Number.NaN",
      says: ["failed in syncPeriod", "it gives whole microseconds", "found NaN"],
    },
  ])("in $method ends with 104 and says when: $code", ({ method, code, says }) => {
    const { status, stdout, stderr } = run("fails.mjs", ownPolicy({ [method]: code }));
    for (const part of says) expect(stderr).toMatch(part);
    expect(stderr).not.toContain("bug");
    expect({ status, stdout }).toEqual({ status: 104, stdout: "" });
  });
});

/** Breaks the clock five seconds into a run. */
const sabotage = `
import { assert } from "${sourceUrl("sim/kernel/assert.ts")}";
import { Simulation } from "${sourceUrl("sim/kernel/simulation.ts")}";
const { runUntil } = Simulation.prototype;
Simulation.prototype.runUntil = function (end) {
  runUntil.call(this, Math.min(end, 5_000_000));
  assert(end <= 5_000_000, "the clock stopped");
};
`;

describe("a bug of ours", () => {
  it.each([0, 1])("is told with seed, replication and time, over %i threads", (workers) => {
    place.write("broken.mjs", ownPolicy({}, sabotage));
    const options = `--policies broken.mjs --seed 8 --runs 1 --workers ${workers} --out broken`;
    const { status, stdout, stderr } = place.peakday(`run own.yaml --quiet ${options}`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines[0]).toMatch(/^error: this is a bug in peakday, please report it /);
    expect(lines[1]).toBe("       an invariant does not hold: the clock stopped");
    expect(lines[2]).toMatch(/^ {7}policy set own, seed 8, replication 0, time -?\d+ s/);
    expect(lines[3]).toMatch(/^ {7}peakday \d+\.\d+\.\d+.*, Node v\d+/);
    expect(stderr).toContain("InvariantError: the clock stopped\n    at ");
    expect(place.list()).not.toContain("broken");
  });
});
