import { describe, expect, it } from "vitest";
import { SHOP, Workplace } from "./support.ts";

const place = new Workplace({ "shop.yaml": SHOP });
const ESCAPE = "\u001b";
const missed = "compare shop.yaml --runs 2 --workers 0 --set objective.p95=1ms";

describe("an objective that is missed", () => {
  const { status, stdout, stderr } = place.peakday(`${missed} --quiet --seed 7`);

  it("ends with 99, and says on stdout what to try, which works", () => {
    expect({ status, stderr }).toEqual({ status: 99, stderr: "" });
    expect(stdout).toContain("No policy holds the objective; two comes closest: p95 ");
    const [, command = ""] = /Try: peakday (.*?)\n\n/su.exec(stdout) ?? [];
    const words = command.replaceAll("\n", " ");
    expect(words).toBe("run shop.yaml --policy two --set objective.p95=1ms --seed 7");
    const tried = place.peakday(`${words} --runs 1 --workers 0`);
    expect(tried.status).toBe(99);
    expect(tried.stdout).toMatch(
      /✗ missed {2}p95 < 1 ms and failed < 1 % in 0 of 1 run; worst minute /,
    );
  });

  it("is a table of at most 80 columns without a colour", () => {
    expect(stdout).not.toContain(ESCAPE);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe("colours and signs", () => {
  const wrong = "run shpo.yaml";

  it.each([
    { why: "not a terminal", env: {}, color: false },
    { why: "FORCE_COLOR", env: { FORCE_COLOR: "1" }, color: true },
    { why: "FORCE_COLOR=0", env: { FORCE_COLOR: "0" }, color: false },
    { why: "FORCE_COLOR before NO_COLOR", env: { FORCE_COLOR: "1", NO_COLOR: "1" }, color: true },
  ])("of an error: $why", ({ env, color }) => {
    const red = color ? `${ESCAPE}[31merror:${ESCAPE}[39m` : "error:";
    expect(place.peakday(wrong, env).stderr.startsWith(`${red} no scenario`)).toBe(true);
  });

  it("are taken off by a flag, whatever the environment says", () => {
    const flagged = place.peakday(`${wrong} --no-color`, { FORCE_COLOR: "1" });
    expect(flagged.stderr).toMatch(/^error: no scenario "shpo.yaml"\n/);
  });

  it("are ASCII where the locale is", () => {
    const { stdout, stderr } = place.peakday(missed, { LC_ALL: "C" });
    expect(stdout).toMatch(/^shop: 60 s, 2 policies x 2 runs, seed 1\n/);
    expect(stdout).toContain("x missed");
    expect(`${stdout}${stderr}`).toMatch(/^[\n\x20-\x7e]*$/u);
  });
});

describe.runIf(process.platform !== "win32")("pipes", () => {
  it("may be closed by a reader that has seen enough", () => {
    const { status, stdout, stderr } = place.shell("peakday schema | head -n 1");
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "{\n", stderr: "" });
    const run = place.shell(`peakday ${missed} --quiet --json | head -c 9`);
    expect(run).toMatchObject({ status: 99, stdout: '{"schema"', stderr: "" });
  });

  it.runIf(process.platform === "linux")("that take nothing are an error", () => {
    const { status, stderr } = place.shell("peakday schema > /dev/full");
    expect({ status, stderr }).toEqual({
      status: 104,
      stderr: "error: cannot write the result: ENOSPC\n",
    });
  });
});

/** util-linux's `script`, which gives a program a terminal. */
const hasScript = place.shell("script --version").stdout.includes("util-linux");

describe.runIf(hasScript)("a terminal", () => {
  const terminal = (columns: number, env: Readonly<Record<string, string>> = {}): string => {
    const command = `stty cols ${columns} rows 30; peakday ${missed} 2>&1`;
    return place.shell(`script -qec "${command}" /dev/null < /dev/null`, { TERM: "xterm", ...env })
      .stdout;
  };

  it("shows one line that is redrawn, and gone when done", () => {
    const text = terminal(100);
    const frames = text.split(`\r${ESCAPE}[K`);
    expect(frames).toHaveLength(7); // before, 0 to 4 of 4 runs, and what follows
    expect(frames.slice(1, 6).every((frame) => /simulating {2}\d of 4 runs/.test(frame))).toBe(
      true,
    );
    expect(frames[1]).not.toContain("ETA");
    expect(frames[2]).toContain("ETA");
    expect(frames[6]).toMatch(/^shop: 60 s, 2 policies × 2 runs, seed 1\r\n/);
    expect(text).toContain(`${ESCAPE}[31m✗ missed${ESCAPE}[39m`);
  });

  it("without cursor control gets lines, and no colour", () => {
    const text = terminal(100, { TERM: "dumb" });
    expect(text).not.toContain(ESCAPE);
    expect(text).toMatch(/^two {3}2 of 2 runs {3}1 of 2 policies\r\n/);
  });

  it("that is narrow gets a narrow table without p99", () => {
    const text = terminal(50);
    expect(text).not.toContain("p99 ms");
    expect(text).toContain("✗ missed");
    expect(text).not.toContain(`${ESCAPE}[K`);
  });
});
