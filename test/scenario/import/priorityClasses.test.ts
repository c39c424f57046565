import { describe, expect, it } from "vitest";
import { deployment, loadWith, problemText, sole } from "./support.ts";

const priorityClass = (name: string, rest: string): string =>
  `apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: { name: ${name} }
description: Which pods go first.
${rest}
`;

const web = (rest = ""): string => deployment().replace("    spec:\n", `    spec:\n${rest}`);

const schedulingOf = (files: Readonly<Record<string, string>>) =>
  sole(loadWith(files)).cluster.workloads[0]?.scheduling;

describe("PriorityClasses of manifests", () => {
  const gold = priorityClass("gold", "value: 1000\npreemptionPolicy: Never");

  it("give their value to the pods that name them", () => {
    const named = web("      priorityClassName: gold\n");
    expect(schedulingOf({ "a.yaml": gold, "b.yaml": named })).toMatchObject({
      priority: 1000,
      preemptionPolicy: "Never",
    });
    expect(schedulingOf({ "a.yaml": gold, "b.yaml": web() })).not.toHaveProperty("priority");
  });

  it("are the default, the least important one of several", () => {
    const files = {
      "a.yaml": priorityClass("high", "value: 20\nglobalDefault: true"),
      "b.yaml": priorityClass("low", "value: 10\nglobalDefault: true"),
      "c.yaml": web(),
    };
    expect(schedulingOf(files)).toMatchObject({ priority: 10 });
  });

  it("come below the scenario's own", () => {
    const named = web("      priorityClassName: gold\n");
    const loaded = loadWith(
      { "a.yaml": gold, "b.yaml": named },
      { set: [["cluster.priorityClasses.gold", "7"]] },
    );
    expect(sole(loaded).cluster.workloads[0]?.scheduling).toMatchObject({ priority: 7 });
  });

  it("are checked", () => {
    const wrong = priorityClass("gold", "value: much\nglobalDefalt: true");
    expect(loadWith({ "a.yaml": wrong, "b.yaml": web() }).problems.map(problemText)).toEqual([
      expect.stringContaining("value is"),
      expect.stringContaining('unknown field "globalDefalt" | did you mean "globalDefault"?'),
    ]);
  });
});
