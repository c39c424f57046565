import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioJsonSchema } from "../../sim/scenario/jsonSchema.ts";
import { PRESETS } from "../../sim/workload/presets.ts";
import { JsonSchemaValidator } from "./jsonSchemaValidator.ts";

const root = join(import.meta.dirname, "../..");
const validator = new JsonSchemaValidator(scenarioJsonSchema());
const read = (path: string): unknown =>
  parse(readFileSync(join(root, path), "utf8"), { merge: true, uniqueKeys: false });

const scenarios = readdirSync(join(root, "scenarios")).filter((file) => file.endsWith(".yaml"));

/** Mistakes that take no knowledge of names, and no sum: an editor can see them. */
const SEEN_BY_THE_SCHEMA = [
  "aliases",
  "deployment",
  "distributions",
  "faults",
  "missing-keys",
  "not-a-map",
  "policy-names",
  "rollouts",
  "steps",
  "traffic",
  "unknown-keys",
  "wrong-kinds",
  "wrong-units",
  "autoscaler-config",
];

describe("the JSON Schema", () => {
  it.each(scenarios)("accepts scenarios/%s", (file) => {
    expect(validator.accepts(read(`scenarios/${file}`))).toBe(true);
  });

  it.each(SEEN_BY_THE_SCHEMA.filter((name) => name !== "aliases"))("rejects %s", (name) => {
    expect(validator.accepts(read(`test/scenario/malformed/${name}.yaml.txt`))).toBe(false);
  });

  const valid = {
    peakday: 1,
    name: "shop",
    duration: "30m",
    objective: { p95: "300ms" },
    services: { shop: { endpoints: { "GET /": [{ work: "8ms" }] } } },
    traffic: { shoppers: { rate: "100/s", call: "shop" } },
  };

  it.each([
    { why: "as it is", change: {}, want: true },
    { why: "a duration without a unit", change: { duration: 30 }, want: false },
    { why: "a duration in compound units", change: { duration: "1h30m" }, want: true },
    { why: "a duration of nothing", change: { duration: "0s" }, want: false },
    { why: "a share above 1", change: { objective: { failed: 1.5 } }, want: false },
    { why: "a share in percent", change: { objective: { failed: "0.1%" } }, want: true },
    { why: "no objective in it", change: { objective: {} }, want: false },
    { why: "an unknown key", change: { trafic: {} }, want: false },
    { why: "another version", change: { peakday: 2 }, want: false },
    { why: "an upper-case name", change: { name: "Shop" }, want: false },
    {
      why: "open and closed at once",
      change: { traffic: { a: { rate: "1/s", users: 5, call: "shop" } } },
      want: false,
    },
    {
      why: "closed",
      change: { traffic: { a: { users: 5, thinkTime: { exponential: "1s" }, call: "shop" } } },
      want: true,
    },
    {
      why: "two distributions at once",
      change: {
        services: { shop: { startup: { constant: "1s", exponential: "1s" }, endpoints: {} } },
      },
      want: false,
    },
    {
      why: "a fault with two effects",
      change: { faults: [{ at: "1m", kill: true, slow: 2 }] },
      want: false,
    },
    {
      why: "a quantity in units of time",
      change: {
        services: { shop: { resources: { requests: { cpu: "500ms" } }, endpoints: {} } },
      },
      want: false,
    },
    {
      why: "an HPA's spec",
      change: { policies: { a: { autoscalers: { shop: { hpa: { maxReplicas: 5 } } } } } },
      want: true,
    },
    {
      why: "a misspelt HPA",
      change: { policies: { a: { autoscalers: { shop: { hpa: { maxReplica: 5 } } } } } },
      want: false,
    },
  ])("says $want to $why", ({ change, want }) => {
    expect(validator.accepts({ ...valid, ...change })).toBe(want);
  });

  it("knows every parameter of every preset", () => {
    for (const parameter of Object.values(PRESETS).flat()) {
      const value = { "per second": "5/s", seconds: "5m", hour: 5, times: 5 }[parameter.unit];
      const rate = { preset: "prime-day", [parameter.name]: value };
      const change = { traffic: { a: { rate, call: "shop" } } };
      expect(validator.accepts({ ...valid, ...change }), parameter.name).toBe(true);
    }
  });

  it("describes every key", () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== "object" || schema === null) return;
      for (const [key, inner] of Object.entries(schema)) {
        if (key === "properties" && !path.includes("/hpa")) {
          for (const [name, property] of Object.entries(inner as object)) {
            // Manifests are described by Kubernetes, and policies by themselves.
            const isNamed = /deployment|statefulSet|Autoscaler/u.test(path);
            const isDescribed = "description" in property || "$ref" in property;
            if (!isDescribed && !isNamed) undescribed.push(`${path}/${name}`);
          }
        }
        visit(inner, `${path}/${key}`);
      }
    };
    visit(scenarioJsonSchema(), "");
    expect(undescribed).toEqual([]);
  });
});
