import { z } from "zod";
import type { Json } from "../kernel/json.ts";
import { hpaConfigSchema, hpaSpecSchema } from "../policy/autoscalers/hpa/schema.ts";
import { autoscalerUse } from "./schema/policies.ts";
import { scenarioSchema } from "./schema/scenario.ts";

/**
 * The JSON Schema (2020-12) of scenario files, for editors: it catches what has no need of knowing
 * names.
 */
export function scenarioJsonSchema(): Json {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      // Configurations belong to their policies, which have schemas of their own.
      if (zodSchema === autoscalerUse)
        Object.assign(jsonSchema, { properties: policyProperties() });
    },
  });
  return JSON.parse(JSON.stringify(schema)) as Json; // what was parsed from JSON is JSON
}

/**
 * Only what is pasted in verbatim is spelled out; the other policies' few keys are checked by the
 * loader.
 */
function policyProperties(): Record<string, unknown> {
  return { hpa: { anyOf: [embedded(hpaConfigSchema), embedded(hpaSpecSchema)] } };
}

/** A schema without the line that says which dialect it is in. */
function embedded(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
