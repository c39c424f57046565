import { describe, expect, it } from "vitest";
import { SHOP, Workplace } from "./support.ts";

const place = new Workplace({
  "shop.yaml": SHOP,
  "deep/shop.yaml": SHOP,
  file: "",
  "full/result.json/x": "",
});

describe("what is written", () => {
  const first = place.peakday("compare shop.yaml --runs 2 --workers 0 --out a --json");

  it("is one JSON document on stdout, the same as in the file", () => {
    expect(first.status).toBe(0);
    expect(first.stdout).toBe(place.read("a/result.json"));
    expect(JSON.parse(first.stdout).schema).toBe("peakday/result");
    expect(first.stderr).toBe(
      "two   2 of 2 runs   1 of 2 policies\nfour  2 of 2 runs   2 of 2 policies\n",
    );
  });

  it("has the same bytes again, in this thread and over two", () => {
    for (const workers of ["0", "2"]) {
      const out = `w${workers}`;
      const line = `compare shop.yaml --runs 2 --workers ${workers} --out ${out} --quiet`;
      expect(place.peakday(line).stderr).toBe("");
      expect(place.read(`${out}/result.json`)).toBe(first.stdout);
      expect(place.list(out)).toEqual(["report.html", "result.json", "run.json"]);
    }
    expect(JSON.parse(place.read("w2/run.json")).workers).toBe(2);
  });

  it("has the same bytes from another folder, with the absolute path", () => {
    const path = `${place.folder}/deep/shop.yaml`;
    expect(place.peakday(`compare ${path} --runs 2 --workers 0 --quiet --out b`).status).toBe(0);
    expect(place.read("b/result.json")).toBe(first.stdout);
    expect(first.stdout).not.toContain(place.folder);
  });

  it("is drawn again from the result to the same bytes", () => {
    const { status, stdout, stderr } = place.peakday("report a/result.json --out again");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^shop: 60 s, 2 policies × 2 runs, seed 1\n/);
    expect(stdout).toContain("\nreport   again/report.html\n");
    expect(place.read("again/report.html")).toBe(place.read("a/report.html"));
  });
});

describe("a report of another command", () => {
  it("is told of when it is replaced", () => {
    const note = "note: this replaced the report of compare in o; --out keeps both\n";
    const rest = "shop.yaml --runs 1 --workers 0 --out o";
    expect(place.peakday(`compare ${rest}`).stderr).not.toContain("note:");
    expect(place.peakday(`compare ${rest}`).stderr).not.toContain("note:");
    expect(place.peakday(`run ${rest}`).stderr).toContain(note);
    expect(place.peakday(`run ${rest}`).stderr).not.toContain("note:");
    expect(place.peakday(`compare ${rest} --quiet`).stderr).toBe("");
    place.write("o/run.json", "no JSON");
    expect(place.peakday(`run ${rest}`).stderr).not.toContain("note:");
  });
});

describe("a run without a request", () => {
  it("says that nothing was measured, and fails", () => {
    const idle = "--set traffic.visitors.rate=0/s --runs 2 --workers 0 --quiet --out idle";
    const sentence = /nothing was measured: no request came in the measured time/iu;
    for (const command of ["run", "compare"]) {
      const { status, stdout } = place.peakday(`${command} shop.yaml ${idle}`);
      expect(status).toBe(99);
      expect(stdout).toMatch(sentence);
      expect(stdout).not.toMatch(/missed|held|closest|Try:/u);
      const page = place.read("idle/report.html");
      expect(page).toMatch(sentence);
      expect(page).not.toContain("✗ missed");
    }
  });
});

describe("where nothing can be written", () => {
  it.each([
    { out: "file", says: 'error: cannot write to "file": it is a file, not a folder\n' },
    {
      out: "file/a/b",
      says: 'error: cannot write to "file/a/b": "file" is a file, not a folder\n',
    },
    { out: "full", says: 'error: cannot write to "full": "result.json" in it is a folder\n' },
  ])("says so before it simulates: $out", ({ out, says }) => {
    const { status, stdout, stderr } = place.peakday(`run shop.yaml --out ${out}`);
    expect({ status, stdout, stderr }).toEqual({ status: 104, stdout: "", stderr: says });
    expect(place.list("full")).toEqual(["result.json"]);
  });

  it.runIf(process.platform === "linux")("leaves no folder behind, and does not hang", () => {
    const { status, stderr } = place.peakday("snapshot shop.yaml --at 1s --out /proc/a/b");
    expect(status).toBe(104);
    expect(stderr).toMatch(/^error: cannot write to "\/proc\/a\/b": /);
  });
});

describe("a snapshot", () => {
  const taken = place.peakday("snapshot shop.yaml --at 20s --policy four");

  it("goes on to the result of a run that was never stopped", () => {
    expect(taken.stderr).toBe("");
    expect(taken.stdout).toBe(
      "snapshot   out/shop/snapshot.json   20s of shop, policy four, seed 1\n",
    );
    const run = "run shop.yaml --policy four --quiet";
    const continued = place.peakday(
      `${run} --workers 99 --from out/shop/snapshot.json --out continued`,
    );
    expect({ status: continued.status, stderr: continued.stderr }).toEqual({
      status: 0,
      stderr: "",
    });
    expect(place.peakday(`${run} --runs 1 --workers 0 --out whole`).status).toBe(0);
    expect(place.read("continued/result.json")).toBe(place.read("whole/result.json"));
    // More threads than runs are not started.
    expect(JSON.parse(place.read("continued/run.json")).workers).toBe(1);
  });

  it.each([
    { why: "seed", with: "--policy four --seed 2", says: "seed: 1 in the snapshot, 2 here" },
    { why: "policy", with: "--policy two", says: "policy: four in the snapshot, two here" },
    {
      why: "scenario",
      with: "--policy four --set services.web.replicas=3",
      says: "the scenario is not what it was (its file, an overlay, --set)",
    },
  ])("goes into no run of another $why", ({ with: options, says }) => {
    const line = `run shop.yaml --from out/shop/snapshot.json ${options}`;
    const { status, stdout, stderr } = place.peakday(line);
    expect({ status, stdout }).toEqual({ status: 104, stdout: "" });
    expect(stderr).toBe(
      `error: "out/shop/snapshot.json" is a moment of another run\n       ${says}\n`,
    );
  });

  it("is refused when it is damaged, no snapshot, or wanted for several runs", () => {
    const text = place.read("out/shop/snapshot.json");
    place.write("damaged.json", text.replace(/"now":\d/u, '"now":9'));
    const from = (file: string, more = "") =>
      place.peakday(`run shop.yaml --policy four --from ${file} ${more}`);
    expect(from("damaged.json").stderr).toMatch(/^error: "damaged.json" is damaged/);
    expect(from("shop.yaml").stderr).toMatch(/^error: "shop.yaml" is no snapshot/);
    const several = from("out/shop/snapshot.json", "--runs 3");
    expect(several.status).toBe(104);
    expect(several.stderr).toMatch(/^error: --from goes on with one run, found --runs 3\n/);
  });
});
