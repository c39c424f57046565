import type { z } from "zod";
import { count, duration, number, positiveDuration, share, text } from "./leaves.ts";
import { fields } from "./shapes.ts";

/** `auth`, whose only endpoint is meant, or `product GET /products`. */
export const callTarget = text(
  'What is called: a service, or a service and its endpoint: "product GET /products".',
);

export const retries = fields({
  attempts: count("Attempts in all, the first one included.", 1, 100),
  backoff: fields({
    base: duration("Pause before the second attempt. Default 0s.").optional(),
    factor: number("Each further pause is this many times as long. Default 2.", {
      min: 1,
      max: 100,
    }).optional(),
    max: duration("No pause is longer. Default 1m.").optional(),
    jitter: share("Pauses are up to this share longer or shorter. Default 0.").optional(),
  })
    .meta({ description: "Pauses between attempts." })
    .optional(),
}).meta({ description: "How often a failed call is tried again." });

export const timeout = positiveDuration(
  "Per attempt: the caller gives up, the work goes on. Default never.",
);

export type RetriesInput = z.infer<typeof retries>;
