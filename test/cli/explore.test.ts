import { describe, expect, it } from "vitest";
import { SHOP, Workplace } from "./support.ts";

const place = new Workplace({ "shop.yaml": SHOP, "there.yaml": "mine\n" });
const resultOf = (folder: string) => JSON.parse(place.read(`${folder}/result.json`));

describe("peakday sweep", () => {
  const replicas = "--vary policies.two.autoscalers.web.fixed.replicas=1,2";
  const line = `sweep shop.yaml --policy two ${replicas} --vary traffic.visitors.rate=30/s,150/s`;

  it("runs every point for the same customers, and names the cheapest that holds", () => {
    const { status, stdout } = place.peakday(`${line} --runs 2 --out all --quiet`);
    expect(status).toBe(0);
    const { policies, sweep } = resultOf("all");
    expect(sweep.points.map(({ values }: { values: string[] }) => values.join())).toEqual([
      "1,30/s",
      "1,150/s",
      "2,30/s",
      "2,150/s",
    ]);
    expect(policies).toHaveLength(4);
    const requests = policies.map(
      ({ replications }: { replications: { requests: number }[] }) => replications[0]!.requests,
    );
    expect(requests[0]).toBe(requests[2]);
    expect(requests[1]).toBe(requests[3]);
    expect(stdout).toMatch(/^sweep: shop, 4 points, 2 runs each, same customers\n/u);
    expect(stdout.replaceAll(/\s+/gu, " ")).toMatch(
      /The cheapest that holds the objective is replicas=1 \(\$[\d.]+\) at rate=30\/s and /u,
    );
    expect(Math.max(...stdout.split("\n").map((text) => text.length))).toBeLessThanOrEqual(80);
    expect(place.read("all/report.html")).toContain("Every point of the grid");
  });

  it("is rendered again from its result", () => {
    expect(place.peakday("report all/result.json").stdout).toMatch(/^sweep: shop, 4 points/u);
  });

  it.each([
    { options: "", says: "error: nothing is varied: --vary is missing" },
    { options: "--vary replicas", says: "error: --vary is path=a,b,c, like" },
    { options: "--vary services.web.replicas=1,x", says: "replicas" },
    { options: "--vary services.wob.replicas=1,2", says: "wob" },
    { options: "--vary duration=1m --vary duration=2m", says: 'names "duration" twice' },
  ])("explains $options", ({ options, says }) => {
    const { status, stderr } = place.peakday(`sweep shop.yaml ${options} --out none`);
    expect(status).toBe(104);
    expect(stderr).toContain(says);
    expect(place.list()).not.toContain("none");
  });
});

describe("peakday headroom", () => {
  it("says how much more traffic each policy holds, in the same bytes for any workers", () => {
    const limits = "--set services.web.resources.limits.cpu=1";
    const line = `headroom shop.yaml --runs 2 --within 10% --quiet --set duration=20s ${limits}`;
    const first = place.peakday(`${line} --workers 0 --out one`);
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^headroom: shop, 2 policies, 2 runs each, same customers\n/u);
    expect(Math.max(...first.stdout.split("\n").map((text) => text.length))).toBeLessThanOrEqual(
      80,
    );
    place.peakday(`${line} --workers 2 --out two`);
    expect(place.read("two/result.json")).toBe(place.read("one/result.json"));
    const [two, four] = resultOf("one").headroom.policies;
    expect(four.factor.mean).toBeGreaterThan(1.5 * two.factor.mean);
    expect(place.read("one/report.html")).toContain("How much more traffic holds the objective");
    expect(place.peakday("report one/result.json").stdout).toMatch(/^headroom: shop/u);
  });

  it("needs a share that makes sense, and an objective", () => {
    const wrong = place.peakday("headroom shop.yaml --within 0");
    expect(wrong.stderr).toContain('error: --within is a share above 0, like 2%, found "0"');
    const none = place.peakday("headroom shop.yaml --set objective=null");
    expect({ status: none.status, stderr: none.stderr }).toMatchObject({ status: 104 });
  });
});

describe("peakday init", () => {
  it("writes a scenario that runs, whose fleet fits its traffic", () => {
    const init = place.peakday(
      "init --service web --rate 50/s --peak 200/s --work 10ms --p95 150ms",
    );
    expect(init).toMatchObject({ status: 0, stderr: "" });
    expect(init.stdout).toContain("Try: peakday compare web.yaml");
    const line = "compare web.yaml --runs 1 --quiet --set duration=15m";
    const { status, stdout, stderr } = place.peakday(line);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/enough-pods +✓ held/u);
  });

  it("replaces nothing unless it is told to", () => {
    const refused = place.peakday("init there.yaml");
    expect(refused.status).toBe(104);
    expect(refused.stderr).toContain('"there.yaml" is there already');
    expect(place.read("there.yaml")).toBe("mine\n");
    expect(place.peakday("init there.yaml --force").status).toBe(0);
    expect(place.read("there.yaml")).toContain("peakday: 1");
  });

  it.each([
    { options: "--rate 40rps", says: '--rate is a rate like 100/s or 5000/min, found "40rps"' },
    { options: "--work 0s", says: "--work is a duration above 0" },
    { options: "--service Web", says: "--service is a name of lower-case letters" },
  ])("explains $options", ({ options, says }) => {
    const { status, stderr } = place.peakday(`init new.yaml ${options}`);
    expect(status).toBe(104);
    expect(stderr).toContain(says);
    expect(place.list()).not.toContain("new.yaml");
  });
});
