import { z } from "zod";
import { GUARD_KEYS, type GuardKey, RETRY_CONDITIONS } from "../../dataplane/callSpec.ts";
import { count, duration, flag, number, positiveDuration, share, text, word } from "./leaves.ts";
import { either, fields, list } from "./shapes.ts";
import { distribution } from "./time.ts";

/** `auth`, whose only endpoint is meant, or `product GET /products`. */
export const callTarget = text(
  'What is called: a service, or a service and its endpoint: "product GET /products".',
);

const backoff = either("a duration, or a map with base, factor, max and jitter, or with time", [
  duration("Always this long."),
  fields({
    base: duration("Pause before the second attempt. Default 0s.").optional(),
    factor: number("Each further pause is this many times as long. Default 2.", {
      min: 1,
      max: 100,
    }).optional(),
    max: duration("No pause is longer. Default 1m.").optional(),
    jitter: either("a share like 20%, full or decorrelated", [
      share("Pauses are up to this share longer or shorter. Default 0."),
      word(
        ["full", "decorrelated"],
        "From 0 to the pause, or from base to three times the pause before.",
      ),
    ])
      .meta({ description: "How much pauses vary at random. Default 0." })
      .optional(),
    time: distribution("A pause drawn anew each time, instead of all the others.").optional(),
    orbit: word(
      ["classical", "constant"],
      "With time: whether each caller pauses by itself (the default), or all that wait are one " +
        "line, of which the first tries again at the end of each pause.",
    ).optional(),
  }),
]);

/** `{resilience4j: …}`: a policy and its configuration, which the policy itself checks. */
const policyUse = (example: string, description: string) =>
  z
    .looseObject(
      {
        shared: flag("One for all replicas that apply it. Default false: each its own.").optional(),
      },
      { error: `a map with a policy's name: {${example}: …}` },
    )
    .meta({ minProperties: 1, maxProperties: 2, description });

const RETRY_ON =
  "Which failures are tried again: error answers (5xx), a replica that died (reset) or that none " +
  "was there (connect-failure), a full queue (refused-stream), the caller's own patience " +
  "(timeout), a breaker, limiter or load shedder (overloaded). Default all.";

const retries = fields({
  attempts: either("a whole number from 1 to 100, or unlimited", [
    count("Attempts in all, the first one included.", 1, 100),
    word(["unlimited"], "Until one is answered."),
  ]).meta({ description: "Attempts in all, the first one included, or unlimited." }),
  perTryTimeout: positiveDuration(
    "Of each attempt; the call's timeout holds for all of them together. Default none.",
  ).optional(),
  retryOn: list(
    `a list of ${RETRY_CONDITIONS.join(", ")}`,
    word(RETRY_CONDITIONS, "A kind of failure."),
    1,
  )
    .meta({ description: RETRY_ON })
    .optional(),
  probability: share("How often a failed attempt is tried again at all. Default 1.").optional(),
  limit: policyUse(
    "budget",
    "What keeps the retries of all calls in bounds: budget (as Linkerd's) or throttling (gRPC's).",
  ).optional(),
  backoff: backoff.meta({ description: "Pauses between attempts. Default none." }).optional(),
}).meta({ description: "How often a failed call is tried again." });

/** `p95`, `p99.9`: above 0 and below 100. */
export const QUANTILE = /^p(?!0+(?:\.0+)?$)(\d{1,2}(?:\.\d+)?)$/u;

const hedge = fields({
  after: either("a duration like 30ms, or a quantile like p95", [
    duration("After this long."),
    z.string().regex(QUANTILE, { error: "a duration like 30ms, or a quantile like p95" }).meta({
      description: "After this quantile of what the caller's latest 1000 calls took.",
    }),
  ]).meta({ description: "A copy is sent when there is no answer by then." }),
  max: count("Copies beside the first, each after as long again. Default 1.", 1, 2).optional(),
  losers: word(
    ["cancel", "run-on"],
    "When one has answered, the others end before their next step, or run on. Default cancel.",
  ).optional(),
  tied: flag(
    "Tied requests: the copy that begins to be served cancels those that wait. Default false.",
  ).optional(),
}).meta({ description: "Copies of a call that takes long; the first answer wins." });

const timeout = positiveDuration(
  "Of the whole call, retries included: the caller gives up, the work goes on. Default never.",
);

const deadline = positiveDuration(
  "As a timeout that everybody who works for the call knows: their calls end by then, too. " +
    "Default none.",
);

/** The same, kept for each tenant, say. */
const keyedPolicyUse = (example: string, description: string) =>
  z
    .looseObject(
      {
        shared: flag("One for all replicas that apply it. Default false: each its own.").optional(),
        per: word(GUARD_KEYS, "A limit for each of these. Default one for all.").optional(),
      },
      { error: `a map with a policy's name: {${example}: …}` },
    )
    .meta({ minProperties: 1, maxProperties: 3, description });

export const rateLimiter = keyedPolicyUse(
  "token-bucket",
  "So many calls in a time, and no more: token-bucket, fixed-window, sliding-window-log or " +
    "sliding-window-counter.",
);

export const bulkhead = keyedPolicyUse(
  "semaphore",
  "So many calls at once, and no more: semaphore.",
);

/** How a call is made, wherever it stands. */
export const callSettings = {
  timeout: timeout.optional(),
  deadline: deadline.optional(),
  retries: retries.optional(),
  hedge: hedge.optional(),
  circuitBreaker: policyUse(
    "resilience4j",
    "Lets no calls through while many fail: resilience4j, opossum or threshold.",
  ).optional(),
  rateLimiter: rateLimiter.optional(),
  bulkhead: bulkhead.optional(),
};

export const CALL_SETTINGS = Object.keys(callSettings);

export interface CallSettingsInput {
  readonly timeout?: string | undefined;
  readonly deadline?: string | undefined;
  readonly retries?: RetriesInput | undefined;
  readonly hedge?: HedgeInput | undefined;
  readonly circuitBreaker?: PolicyUseInput | undefined;
  readonly rateLimiter?: KeyedPolicyUseInput | undefined;
  readonly bulkhead?: KeyedPolicyUseInput | undefined;
}

export interface PolicyUseInput {
  readonly shared?: boolean | undefined;
}

export interface KeyedPolicyUseInput extends PolicyUseInput {
  readonly per?: GuardKey | undefined;
}

export type RetriesInput = z.infer<typeof retries>;
export type HedgeInput = z.infer<typeof hedge>;
