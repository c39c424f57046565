import type { AutoscalerPolicy } from "./autoscaler.ts";
import { fixed } from "./autoscalers/fixed.ts";
import { hpa } from "./autoscalers/hpa/hpa.ts";
import { createScheduled } from "./autoscalers/scheduled.ts";

/** Every autoscaler, by the name that a scenario calls it. */
export const autoscalers: Readonly<Record<string, AutoscalerPolicy>> = {
  hpa,
  fixed,
  scheduled: createScheduled({ hpa }),
};
