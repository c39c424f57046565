import { z } from "zod";
import { type Micros, seconds } from "../../kernel/time.ts";
import { type AutoscalerPolicy, NO_TRACE } from "../autoscaler.ts";
import { problemsOf } from "./problems.ts";

/** As many replicas at all times; what somebody else changes is changed back at the next tick. */
const fixedConfigSchema = z.strictObject({
  replicas: z.int32().nonnegative(),
  syncPeriodSeconds: z.number().positive().optional(),
});

export type FixedConfig = z.infer<typeof fixedConfigSchema>;

export type FixedState = { readonly replicas: number; readonly syncPeriod: Micros };

export const fixed: AutoscalerPolicy<FixedConfig, FixedState> = {
  name: "fixed",
  validate: (config) => problemsOf(fixedConfigSchema, config),
  init: ({ replicas, syncPeriodSeconds }) => ({
    replicas,
    syncPeriod: seconds(syncPeriodSeconds ?? 15),
  }),
  syncPeriod: ({ syncPeriod }) => syncPeriod,
  step(state, { specReplicas }) {
    const { replicas } = state;
    const trace = { ...NO_TRACE, rawReplicas: replicas, stabilizedReplicas: replicas };
    const reason = "FixedReplicas";
    return replicas === specReplicas
      ? { state, decision: { kind: "hold", reason, trace } }
      : { state, decision: { kind: "scale", replicas, reason, trace } };
  },
};
