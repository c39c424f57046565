import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const root = join(import.meta.dirname, "../..");
const bin = join(root, "sim/cli/bin.mjs");

/** Compiled sources, kept between the many starts of the tests; no matter if it is not there. */
const cache = join(tmpdir(), "peakday-test-cache");

/** Of the tests' own surroundings only what a program needs to start. */
const ENVIRONMENT = { PATH: process.env["PATH"], LANG: "C.UTF-8", NODE_COMPILE_CACHE: cache };

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for a test file, with the command line started in it. */
export class Workplace {
  readonly folder: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.folder = mkdtempSync(join(tmpdir(), "peakday-cli-"));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** Names in the folder, or in one below it. */
  list(name = "."): readonly string[] {
    return readdirSync(join(this.folder, name)).sort();
  }

  /** The words of a command line, which have no blanks in them, to its end. */
  peakday(line: string, env: Readonly<Record<string, string>> = {}): Finished {
    return spawnSync(process.execPath, [bin, ...words(line)], {
      cwd: this.folder,
      env: { ...ENVIRONMENT, ...env },
      encoding: "utf8",
    });
  }

  /** The same through a shell: `peakday` stands for the command. */
  shell(line: string, env: Readonly<Record<string, string>> = {}): Finished {
    const text = line.replace(/\bpeakday\b/u, `'${process.execPath}' '${bin}'`);
    return spawnSync("bash", ["--norc", "-o", "pipefail", "-c", text], {
      cwd: this.folder,
      env: { ...ENVIRONMENT, ...env },
      encoding: "utf8",
    });
  }

  start(line: string): ChildProcess {
    return spawn(process.execPath, [bin, ...words(line)], {
      cwd: this.folder,
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

/** A minute of a small shop; two sets of policies, both hold. */
export const SHOP = `peakday: 1
name: shop
duration: 1m
objective: { p95: 500ms }
services:
  web:
    replicas: 2
    endpoints: { GET /: [work: { exponential: 10ms }] }
traffic: { visitors: { rate: 30/s, call: web } }
policies:
  two: { autoscalers: { web: { fixed: { replicas: 2 } } } }
  four: { autoscalers: { web: { fixed: { replicas: 4 } } } }
`;

/** The shop with a policy of the user's own, `mine`. */
export const OWN = SHOP.replace(
  /policies:.*/su,
  "policies: { own: { autoscalers: { web: { mine: {} } } } }\n",
);

/** A module with that policy, of which some methods may be replaced. */
export function ownPolicy(methods: Readonly<Record<string, string>> = {}, before = ""): string {
  const all = {
    validate: "() => []",
    init: "() => ({})",
    syncPeriod: "() => 15_000_000",
    step: `(state) => ({
      state,
      decision: {
        kind: "hold",
        reason: "Mine",
        trace: { metric: null, rawReplicas: null, stabilizedReplicas: null },
      },
    })`,
    ...methods,
  };
  const members = Object.entries(all).map(([name, code]) => `    ${name}: ${code},`);
  return [
    before,
    "export const autoscalers = {",
    '  mine: {\n    name: "mine",',
    ...members,
    "  },\n};\n",
  ].join("\n");
}

/** Address of one of our modules, for a policy file that reaches into them. */
export const sourceUrl = (path: string): string => new URL(`../../${path}`, import.meta.url).href;
