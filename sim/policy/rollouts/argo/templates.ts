import { z } from "zod";
import type { Micros } from "../../../kernel/time.ts";
import { shown } from "../../autoscalers/problems.ts";
import type { ConfigProblem } from "../../policy.ts";
import { type AnalysisMetric, metricsFault } from "./analysisRun.ts";
import { type Binding, type BindingInput, bindingOf } from "./bindings.ts";
import { parseDuration } from "./duration.ts";
import { typeOf } from "./expression/check.ts";
import { ExpressionError } from "./expression/error.ts";
import { parseExpression } from "./expression/parser.ts";

/** A number, or text that an argument turns into one: `{{args.count}}`. */
const intOrText = z.union([z.int32(), z.string()], { error: "a whole number" }).optional();
const ignored = z.unknown().optional();

const argsSchema = z
  .array(z.strictObject({ name: z.string(), value: z.string().optional(), valueFrom: ignored }))
  .optional();

const metricSchema = z.strictObject({
  name: z.string().min(1),
  interval: z.string().optional(),
  initialDelay: z.string().optional(),
  count: intOrText,
  successCondition: z.string().optional(),
  failureCondition: z.string().optional(),
  failureLimit: intOrText,
  inconclusiveLimit: intOrText,
  consecutiveErrorLimit: intOrText,
  consecutiveSuccessLimit: intOrText,
  provider: z.record(z.string(), z.unknown()),
});

const dryRunSchema = z.array(z.strictObject({ metricName: z.string() })).optional();

/** AnalysisTemplates as they are written in manifests. */
export const templatesSchema = z.array(
  z.strictObject({
    apiVersion: z.literal("argoproj.io/v1alpha1").optional(),
    kind: z.enum(["AnalysisTemplate", "ClusterAnalysisTemplate"]).optional(),
    metadata: z.looseObject({ name: z.string().min(1) }),
    spec: z.strictObject({
      args: argsSchema,
      metrics: z.array(metricSchema).min(1),
      dryRun: dryRunSchema,
      measurementRetention: ignored,
    }),
  }),
);

/** Where a rollout asks for an analysis. */
export const analysisUseFields = {
  templates: z
    .array(z.strictObject({ templateName: z.string(), clusterScope: z.boolean().optional() }))
    .min(1),
  args: argsSchema,
  dryRun: dryRunSchema,
  measurementRetention: ignored,
  analysisRunMetadata: ignored,
};
const analysisUse = z.strictObject(analysisUseFields);

export type AnalysisUse = z.infer<typeof analysisUse>;
export const analysisUseSchema = analysisUse;

export interface AnalysisSources {
  readonly analysisTemplates: z.infer<typeof templatesSchema>;
  readonly bindings: Readonly<Record<string, BindingInput>>;
}

/** A metric whose query is bound to the simulation. */
export type BoundMetric = AnalysisMetric & { readonly binding: Binding };

type Path = readonly (string | number)[];

/** The metrics of an analysis, templates merged in order and arguments filled in. */
export function boundMetrics(use: AnalysisUse, sources: AnalysisSources): readonly BoundMetric[] {
  return readAnalysis(use, [], sources).metrics;
}

/** What is wrong with an analysis that stands at `path` of the configuration. */
export function analysisProblems(
  use: AnalysisUse | undefined,
  path: Path,
  sources: AnalysisSources,
): readonly ConfigProblem[] {
  return use === undefined ? [] : readAnalysis(use, path, sources).problems;
}

interface Reading {
  readonly metrics: BoundMetric[];
  readonly problems: ConfigProblem[];
}

function readAnalysis(use: AnalysisUse, path: Path, sources: AnalysisSources): Reading {
  const reading: Reading = { metrics: [], problems: [] };
  use.templates.forEach(({ templateName }, index) => {
    const place = sources.analysisTemplates.findIndex(({ metadata }) => {
      return metadata.name === templateName;
    });
    const template = sources.analysisTemplates[place];
    if (template === undefined) {
      const names = sources.analysisTemplates.map(({ metadata }) => metadata.name);
      reading.problems.push({
        path: [...path, "templates", index, "templateName"],
        expected: `one of analysisTemplates (${names.join(", ") || "there are none"})`,
        received: templateName,
      });
      return;
    }
    const args = new Map([...(template.spec.args ?? []), ...(use.args ?? [])].map(argOf));
    const dryRun = [...(template.spec.dryRun ?? []), ...(use.dryRun ?? [])];
    template.spec.metrics.forEach((metric, number) => {
      const at = ["analysisTemplates", place, "spec", "metrics", number];
      const reader = new MetricReader(at, args, reading.problems);
      const isDry = dryRun.some(
        ({ metricName }) => metricName === "*" || metricName === metric.name,
      );
      reading.metrics.push(reader.read(metric, templateName, isDry, sources));
    });
  });
  const fault = reading.problems.length === 0 ? metricsFault(reading.metrics) : null;
  if (fault !== null) {
    const received = use.templates.map(({ templateName }) => templateName).join(", ");
    const expected = `templates that Argo accepts, but ${fault}`;
    reading.problems.push({ path: [...path, "templates"], expected, received });
  }
  return reading;
}

const argOf = ({ name, value }: { name: string; value?: string | undefined }) =>
  [name, value] as const;

class MetricReader {
  readonly #path: Path;
  readonly #args: ReadonlyMap<string, string | undefined>;
  readonly #problems: ConfigProblem[];

  constructor(
    path: Path,
    args: ReadonlyMap<string, string | undefined>,
    problems: ConfigProblem[],
  ) {
    this.#path = path;
    this.#args = args;
    this.#problems = problems;
  }

  read(
    metric: z.infer<typeof metricSchema>,
    template: string,
    dryRun: boolean,
    { bindings }: AnalysisSources,
  ): BoundMetric {
    return {
      name: metric.name,
      interval: this.#duration("interval", metric.interval),
      initialDelay: this.#duration("initialDelay", metric.initialDelay),
      count: this.#int("count", metric.count),
      failureLimit: this.#int("failureLimit", metric.failureLimit),
      inconclusiveLimit: this.#int("inconclusiveLimit", metric.inconclusiveLimit),
      consecutiveErrorLimit: this.#int("consecutiveErrorLimit", metric.consecutiveErrorLimit),
      consecutiveSuccessLimit: this.#int("consecutiveSuccessLimit", metric.consecutiveSuccessLimit),
      successCondition: this.#condition("successCondition", metric.successCondition),
      failureCondition: this.#condition("failureCondition", metric.failureCondition),
      dryRun,
      binding: this.#binding(metric, template, bindings),
    };
  }

  #duration(field: string, written: string | undefined): Micros | null {
    if (written === undefined) return null;
    const duration = parseDuration(this.#resolved(field, written));
    if (duration === null) this.#report(field, "a duration like 30s, 5m or 1h", written);
    return duration;
  }

  #int(field: string, written: number | string | undefined): number | null {
    if (written === undefined || typeof written === "number") return written ?? null;
    const text = this.#resolved(field, written);
    if (/^-?[0-9]{1,9}$/.test(text)) return Number(text);
    this.#report(field, "a whole number", written);
    return null;
  }

  #condition(field: string, written: string | undefined): string | null {
    if (written === undefined || written === "") return null;
    const text = this.#resolved(field, written);
    try {
      typeOf(parseExpression(text), "any");
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#report(field, `a condition, but there is an ${error.message}`, written);
    }
    return text;
  }

  #binding(
    { name, provider }: z.infer<typeof metricSchema>,
    template: string,
    bindings: AnalysisSources["bindings"],
  ): Binding {
    const query = queryOf(provider);
    const keys = [`${template}/${name}`, name];
    const key =
      keys.find((known) => Object.hasOwn(bindings, known)) ??
      Object.keys(bindings).find((known) => query !== null && inOneLine(known) === query);
    const input = key === undefined ? undefined : bindings[key];
    if (input === undefined) {
      const expected = `a metric or query that bindings knows: add ${name} there`;
      this.#report("provider", expected, query ?? Object.keys(provider).join(", "));
    }
    return bindingOf(input ?? "canary-error-rate", Object.hasOwn(provider, "prometheus"));
  }

  /** `{{args.name}}` replaced; an argument without a value is a problem. */
  #resolved(field: string, text: string): string {
    return text.replaceAll(/\{\{\s*args\.([^}\s]+)\s*\}\}/g, (written, name: string) => {
      const value = this.#args.get(name);
      if (value === undefined) this.#report(field, `arguments with a value for ${name}`, written);
      return value ?? "";
    });
  }

  #report(field: string, expected: string, received: string): void {
    this.#problems.push({ path: [...this.#path, field], expected, received: shown(received) });
  }
}

/** The text of a provider's query, in one line. */
function queryOf(provider: Readonly<Record<string, unknown>>): string | null {
  const queries = Object.values(provider).flatMap((content) => {
    const fields = new Map(Object.entries(content ?? {}));
    const query = fields.get("query");
    return typeof query === "string" ? [inOneLine(query)] : [];
  });
  return queries[0] ?? null;
}

const inOneLine = (query: string): string => query.trim().replaceAll(/\s+/g, " ");
