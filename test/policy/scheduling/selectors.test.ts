import { describe, expect, it } from "vitest";
import {
  matchesNodeAffinity,
  matchesNodeTerm,
  matchesSelector,
  narrowedSelector,
  termSelects,
  tolerates,
} from "../../../sim/policy/scheduling/selectors.ts";
import type {
  LabelRequirement,
  NodeRequirement,
  Taint,
  Toleration,
} from "../../../sim/policy/scheduling/spec.ts";
import { node, spec } from "./cluster.ts";

describe("a label selector", () => {
  const labels = { app: "web", tier: "front" };
  const expression = (
    key: string,
    operator: LabelRequirement["operator"],
    values?: readonly string[],
  ) => ({ matchExpressions: [{ key, operator, values }] });

  it.each([
    { why: "none selects nothing", selector: undefined, want: false },
    { why: "an empty one selects all", selector: {}, want: true },
    { why: "labels must be equal", selector: { matchLabels: { app: "web" } }, want: true },
    { why: "all labels count", selector: { matchLabels: { app: "web", tier: "x" } }, want: false },
    { why: "In", selector: expression("app", "In", ["api", "web"]), want: true },
    { why: "In without the key", selector: expression("zone", "In", ["a"]), want: false },
    { why: "NotIn", selector: expression("app", "NotIn", ["web"]), want: false },
    { why: "NotIn without the key", selector: expression("zone", "NotIn", ["a"]), want: true },
    { why: "Exists", selector: expression("tier", "Exists"), want: true },
    { why: "DoesNotExist", selector: expression("tier", "DoesNotExist"), want: false },
    {
      why: "labels and expressions both hold",
      selector: { matchLabels: { app: "web" }, ...expression("tier", "In", ["back"]) },
      want: false,
    },
  ])("$why", ({ selector, want }) => {
    expect(matchesSelector(selector, labels)).toBe(want);
  });

  it("is narrowed by the pod's own values, and not by labels that it lacks", () => {
    const asked = {
      labelSelector: { matchLabels: { app: "web" } },
      matchLabelKeys: ["pod-template-hash", "absent"],
      mismatchLabelKeys: ["tenant"],
    };
    const selector = narrowedSelector(asked, { "pod-template-hash": "v2", tenant: "x" });
    const matches = (labels: Record<string, string>) => matchesSelector(selector, labels);
    expect(matches({ app: "web", "pod-template-hash": "v2", tenant: "y" })).toBe(true);
    expect(matches({ app: "web", "pod-template-hash": "v1", tenant: "y" })).toBe(false);
    expect(matches({ app: "web", "pod-template-hash": "v2", tenant: "x" })).toBe(false);
  });
});

describe("node affinity", () => {
  const big = node("big", { zone: "b", labels: { cores: "16", disk: "ssd" } });
  const of = (key: string, operator: NodeRequirement["operator"], ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });

  it.each([
    { why: "In", term: of("disk", "In", "ssd", "nvme"), want: true },
    { why: "NotIn", term: of("disk", "NotIn", "hdd"), want: true },
    { why: "NotIn without the label", term: of("gpu", "NotIn", "a100"), want: true },
    { why: "Exists", term: of("gpu", "Exists"), want: false },
    { why: "DoesNotExist", term: of("gpu", "DoesNotExist"), want: true },
    { why: "Gt", term: of("cores", "Gt", "8"), want: true },
    { why: "Gt is strict", term: of("cores", "Gt", "16"), want: false },
    { why: "Lt", term: of("cores", "Lt", "32"), want: true },
    { why: "Gt of what is no number", term: of("disk", "Gt", "8"), want: false },
    { why: "Lt without the label", term: of("gpu", "Lt", "8"), want: false },
    { why: "an empty term matches nothing", term: {}, want: false },
    {
      why: "fields are of the name",
      term: { matchFields: [{ key: "metadata.name", operator: "In" as const, values: ["big"] }] },
      want: true,
    },
    {
      why: "requirements of a term all hold",
      term: {
        matchExpressions: [
          ...of("disk", "Exists").matchExpressions,
          ...of("gpu", "Exists").matchExpressions,
        ],
      },
      want: false,
    },
  ])("$why", ({ term, want }) => {
    expect(matchesNodeTerm(term, big)).toBe(want);
  });

  it("takes any of its terms, and nodeSelector besides", () => {
    const required = (...nodeSelectorTerms: object[]) => ({
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    });
    const affinity = required(of("gpu", "Exists"), of("disk", "In", "ssd"));
    expect(matchesNodeAffinity(spec({ affinity }), big)).toBe(true);
    const nodeSelector = { cores: "8" };
    expect(matchesNodeAffinity(spec({ affinity, nodeSelector }), big)).toBe(false);
    expect(matchesNodeAffinity(spec({ affinity: required() }), big)).toBe(false);
    expect(matchesNodeAffinity(spec(), big)).toBe(true);
  });
});

it.each<{ why: string; toleration: Toleration; want: boolean }>([
  { why: "Equal is the default", toleration: { key: "pool", value: "batch" }, want: true },
  { why: "another value", toleration: { key: "pool", value: "web" }, want: false },
  { why: "Exists takes any value", toleration: { key: "pool", operator: "Exists" }, want: true },
  { why: "another key", toleration: { key: "gpu", operator: "Exists" }, want: false },
  { why: "no key with Exists takes all", toleration: { operator: "Exists" }, want: true },
  { why: "no key with Equal takes none", toleration: { value: "batch" }, want: false },
  {
    why: "another effect",
    toleration: { key: "pool", operator: "Exists", effect: "NoExecute" },
    want: false,
  },
  {
    why: "the same effect",
    toleration: { key: "pool", value: "batch", effect: "NoSchedule" },
    want: true,
  },
])("a toleration: $why", ({ toleration, want }) => {
  const taint: Taint = { key: "pool", value: "batch", effect: "NoSchedule" };
  expect(tolerates(toleration, taint)).toBe(want);
});

it("an affinity term means pods of its own namespace unless it names others", () => {
  const labelSelector = { matchLabels: { app: "web" } };
  const term = { labelSelector, topologyKey: "zone" };
  const elsewhere = spec({ namespace: "shop" });
  expect(termSelects(term, spec(), spec())).toBe(true);
  expect(termSelects(term, spec(), elsewhere)).toBe(false);
  expect(termSelects({ ...term, namespaces: ["shop"] }, spec(), elsewhere)).toBe(true);
  expect(termSelects({ topologyKey: "zone" }, spec(), spec())).toBe(false);
});
