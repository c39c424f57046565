import { once } from "node:events";
import { expect, it } from "vitest";
import { OWN, ownPolicy, Workplace } from "./support.ts";

const place = new Workplace({
  // Longer than anybody waits: it ends only by being interrupted.
  "long.yaml": OWN.replace("duration: 1m", "duration: 30d"),
  "mine.mjs": ownPolicy(
    { init: '() => { writeSync(2, "started\\n"); return {}; }' },
    'import { writeSync } from "node:fs";',
  ),
});

it.runIf(process.platform !== "win32").each([
  { signal: "SIGINT", how: "in this thread", line: "run long.yaml --workers 0 --runs 3", runs: 3 },
  { signal: "SIGINT", how: "in threads", line: "run long.yaml --workers 2 --runs 3", runs: 3 },
  { signal: "SIGTERM", how: "in a thread", line: "run long.yaml --workers 1 --runs 2", runs: 2 },
  {
    signal: "SIGINT",
    how: "on the way to a snapshot",
    line: "snapshot long.yaml --at 29d",
    runs: 0,
  },
] as const)("ends with 130 and writes nothing on $signal $how", async ({ signal, line, runs }) => {
  const child = place.start(`${line} --policies mine.mjs --out out`);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data) => {
    stdout += data;
  });
  const started = new Promise<void>((resolve) => {
    child.stderr?.on("data", (data) => {
      stderr += data;
      if (stderr.includes("started")) resolve();
    });
  });
  const closed = once(child, "close");
  await Promise.race([started, closed]);
  // The second one comes while the first is being heard.
  child.kill(signal);
  child.kill(signal);
  const [status] = await closed;
  const moment = runs === 0 ? "on the way to the snapshot" : `after 0 of ${runs} runs`;
  const [first, ...rest] = stderr.replaceAll("started\n", "").trimEnd().split("\n");
  const last = `interrupted ${moment}; nothing was written`;
  if (runs === 0) expect([first, ...rest]).toEqual([last]);
  else {
    // It was said at once how much this is.
    expect(first).toMatch(/^note: these are about \d+ million requests, /u);
    expect(rest).toEqual([expect.stringContaining("Ctrl-C stops it"), last]);
  }
  expect({ status, stdout }).toEqual({ status: 130, stdout: "" });
  expect(place.list()).toEqual(["long.yaml", "mine.mjs"]);
});
