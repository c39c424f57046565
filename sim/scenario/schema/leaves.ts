import { z } from "zod";
import { parseQuantity, QUANTITY_PATTERN } from "../../workload/quantity.ts";
import { DURATION, PERCENT, POSITIVE_DURATION, parseTime, RATE } from "../units.ts";

/**
 * The scalars of a scenario. Zod carries one text per issue; here its first line completes "x is
 * …", and a second line, when there is one, is advice that fits what was found.
 */
export const advised =
  (phrase: string, advise: (written: string) => string | null) =>
  ({ input }: { readonly input?: unknown }): string => {
    const isScalar = typeof input === "string" || typeof input === "number";
    const advice = isScalar ? advise(String(input).trim()) : null;
    return advice === null ? phrase : `${phrase}\n${advice}`;
  };

const NUMBER_ONLY = /^[0-9]+(?:\.[0-9]+)?$/u;
const TIME_WORDS: Readonly<Record<string, string>> = {
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  hour: "h",
  hours: "h",
  msec: "ms",
  millis: "ms",
  milliseconds: "ms",
  day: "d",
  days: "d",
};

export function adviseOnTime(written: string): string | null {
  if (DURATION.test(written)) return null;
  if (written === "0") return "none at all is written 0s";
  if (NUMBER_ONLY.test(written)) return `a number needs its unit: ${written}s, ${written}ms`;
  const [, value, unit] = /^([0-9.]+)\s*([a-zA-Zµ]+)$/u.exec(written) ?? [];
  if (value === undefined || unit === undefined) return null;
  const right = TIME_WORDS[unit.toLowerCase()] ?? unit.toLowerCase();
  if (DURATION.test(value + right)) return `write ${value}${right}`;
  return `"${unit}" is no unit of time: us, ms, s, m, h, d are`;
}

function adviseOnCpu(written: string): string | null {
  const [, value, unit] = /^([0-9.]+)\s*(ms|mc|cores?|cpus?|vcpus?|%)$/iu.exec(written) ?? [];
  if (value === undefined || unit === undefined) return null;
  switch (unit.toLowerCase()) {
    case "ms":
      return `"ms" is a unit of time; ${value} millicores are written ${value}m`;
    case "mc":
      return `${value} millicores are written ${value}m`;
    case "%":
      return `a share of a core is written in millicores: ${Number(value) * 10}m`;
    default:
      return `cores have no unit: write ${value}`;
  }
}

function adviseOnMemory(written: string): string | null {
  const [, value, unit] = /^([0-9.]+)\s*([a-zA-Z]+)$/u.exec(written) ?? [];
  if (value === undefined || unit === undefined) return null;
  const [letter, hasI] = [unit.charAt(0).toUpperCase(), /^.i/iu.test(unit)];
  const right = `${value}${letter === "K" && !hasI ? "k" : letter}${hasI ? "i" : ""}`;
  return parseQuantity(right) === null ? null : `write ${right}`;
}

export function adviseOnRate(written: string): string | null {
  if (written.startsWith("-")) return "a rate is 0/s or more";
  if (NUMBER_ONLY.test(written)) return `${written} a second is written ${written}/s`;
  const [, value] = /^([0-9.]+)\s*(?:rps|qps|req\/s|r\/s|rp?s)$/iu.exec(written) ?? [];
  if (value !== undefined) return `write ${value}/s`;
  const [, minutes] = /^([0-9.]+)\s*(?:rpm)$/iu.exec(written) ?? [];
  if (minutes !== undefined) return `write ${minutes}/min`;
  const spaced = written.replaceAll(/\s+/gu, "");
  return spaced !== written && RATE.test(spaced) ? `write ${spaced}` : null;
}

function adviseOnShare(written: string): string | null {
  const value = Number(written.replace("%", ""));
  if (NUMBER_ONLY.test(written) && value > 1 && value <= 100)
    return `write ${written}% or ${value / 100}`;
  return null;
}

const string = (pattern: RegExp, error: ReturnType<typeof advised>) =>
  z.string({ error }).regex(pattern, { error, abort: true });

const rateError = advised("a rate like 100/s or 50000/min", adviseOnRate);
const shareError = advised("a share like 95% or 0.95", adviseOnShare);
const cpuError = advised("a quantity like 500m or 1", adviseOnCpu);
const memoryError = advised("a quantity like 512Mi or 1Gi", adviseOnMemory);

const quantity = (error: ReturnType<typeof advised>, description: string) =>
  z
    .union(
      [
        z.number({ error }).min(0, { error }),
        string(new RegExp(`^(?!-)${QUANTITY_PATTERN.slice(1)}`, "u"), error),
      ],
      {
        error,
      },
    )
    .meta({ description });

/** Ten years: far from where microseconds stop being exact. */
const LONGEST = parseTime("3650d");

const time = (pattern: RegExp, phrase: string) => {
  const error = advised(phrase, adviseOnTime);
  return string(pattern, error).refine((written) => parseTime(written) <= LONGEST, {
    error: "a duration of at most ten years (3650d)",
  });
};

/** A span of time, possibly none. */
export const duration = (description: string) =>
  time(DURATION, "a duration like 30s, 5m or 250ms").meta({ description });

/** A span of time of a microsecond or more. */
export const positiveDuration = (description: string) =>
  time(POSITIVE_DURATION, "a duration above 0, like 30s, 5m or 250ms")
    .refine((written) => parseTime(written) >= 1, { error: "a duration of at least 1us" })
    .meta({ description });

export const rate = (description: string) => string(RATE, rateError).meta({ description });
export const cpu = (description: string) => quantity(cpuError, description);
export const memory = (description: string) => quantity(memoryError, description);

export const share = (description: string) =>
  z
    .union(
      [
        z.number({ error: shareError }).min(0, { error: shareError }).max(1, { error: shareError }),
        string(PERCENT, shareError),
      ],
      {
        error: shareError,
      },
    )
    .meta({ description });

/** A number within bounds, both included. */
export function number(
  description: string,
  bounds: { min?: number; max?: number; above?: number } = {},
) {
  const { min, max, above } = bounds;
  const range =
    above !== undefined
      ? ` above ${above}`
      : min === undefined
        ? ""
        : max === undefined
          ? ` from ${min}`
          : ` from ${min} to ${max}`;
  const error = `a number${range}`;
  let schema = z.number({ error });
  if (min !== undefined) schema = schema.min(min, { error });
  if (max !== undefined) schema = schema.max(max, { error });
  if (above !== undefined) schema = schema.gt(above, { error });
  return schema.meta({ description });
}

/** A whole number within bounds, both included. */
export function count(description: string, min: number, max?: number) {
  const error =
    max === undefined ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`;
  const schema = z.number({ error }).int({ error }).min(min, { error });
  return (max === undefined ? schema : schema.max(max, { error })).meta({ description });
}

export const flag = (description: string) =>
  z
    .boolean({
      error: advised("true or false", (written) =>
        /^(?:yes|on|y)$/iu.test(written) ? "YAML 1.2 says true" : null,
      ),
    })
    .meta({ description });

export const text = (description: string) =>
  z.string({ error: "text" }).min(1, { error: "text, not empty" }).meta({ description });

const NAME_PHRASE = "a name of lower-case letters, digits and hyphens";
export const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/** A name as Kubernetes takes it (a DNS label). */
export const name = (description: string) =>
  z.string({ error: NAME_PHRASE }).regex(NAME, { error: NAME_PHRASE }).meta({ description });

/** One of a few words. */
export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
  advise: (written: string) => string | null = () => null,
) {
  const error = advised(`one of ${words.join(", ")}`, advise);
  return z.enum(words, { error }).meta({ description });
}
