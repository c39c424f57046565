import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtInPolicies, nodeAutoscalers } from "../sim/policy/index.ts";
import { Workplace } from "./cli/support.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
/** What the README shows in fences of a language. */
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gmsu)]
    .filter(([, written]) => written === language)
    .map(([, , text = ""]) => text);

const [scenario = ""] = blocks("yaml");
const [policy = ""] = blocks("ts");
const place = new Workplace({ "shop.yaml": scenario, "far/stubborn.ts": policy });

describe("the scenario of the README", () => {
  it("is simulated as it stands, with nothing to say about it", () => {
    const { status, stderr } = place.peakday("compare shop.yaml --runs 1 --workers 0 --quiet");
    expect(stderr).toBe("");
    expect([0, 99]).toContain(status);
    const { policies } = JSON.parse(place.read("out/shop/result.json"));
    expect(policies.map(({ name }: { readonly name: string }) => name)).toEqual(["as-is", "hpa"]);
  });

  it("explains the mistake that the README shows, in its words", () => {
    const shown = blocks("text").find((text) => text.startsWith("shop.yaml:"));
    const [, wrong = ""] = /unknown key "(.*?)"/u.exec(shown ?? "") ?? [];
    const [, right = ""] = /did you mean "(.*?)"/u.exec(shown ?? "") ?? [];
    expect(scenario).toContain(right);
    place.write("wrong/shop.yaml", scenario.replace(right, wrong));
    const { status, stderr } = place.shell("cd wrong && peakday run shop.yaml");
    expect({ status, stderr }).toEqual({ status: 104, stderr: shown });
  });
});

describe("the policy of the README", () => {
  it.each([0, 2])("decides in a run, wherever its file lies, over %i threads", (workers) => {
    const [, settings, replicas] =
      /autoscalers: (\{ shop: \{ stubborn: \{ replicas: (\d+) \} \} \})/u.exec(readme) ?? [];
    place.write(
      "own.yaml",
      scenario.replace(/policies:.*/su, `policies: { own: { autoscalers: ${settings} } }\n`),
    );
    const line = `run own.yaml --policies far/stubborn.ts --runs 2 --workers ${workers} --quiet`;
    const { status, stderr } = place.peakday(`${line} --out own`);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(place.read("own/result.json")).toContain(`"wanted":[${`${replicas},`.repeat(9)}`);
  });

  it("has the types that the README says", () => {
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        paths: { peakday: [join(root, "sim/index.ts")] },
        typeRoots: [join(root, "node_modules/@types")],
      },
      include: ["far/stubborn.ts"],
    };
    place.write("package.json", '{ "type": "module" }');
    place.write("tsconfig.json", JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const check = () => spawnSync(process.execPath, [tsc, "-p", place.folder]).stdout.toString();
    expect(check()).toBe("");
    place.write("far/stubborn.ts", policy.replace("specReplicas", "specReplica"));
    expect(check()).toContain("Property 'specReplica' does not exist");
  });
});

describe("the README", () => {
  it("names every scenario, command and policy", () => {
    const { stdout } = place.peakday("--help");
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gmu)].map(([, name]) => name);
    const scenarios = readdirSync(join(root, "scenarios"))
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => file.slice(0, -".yaml".length));
    const { autoscalers, rollouts, deployments } = builtInPolicies;
    const policies = [autoscalers, rollouts, deployments, nodeAutoscalers].flatMap((all) =>
      Object.keys(all),
    );
    const names = [...commands, ...scenarios, ...policies];
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
