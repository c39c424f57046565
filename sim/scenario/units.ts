import { type Micros, micros, roundHalfEven } from "../kernel/time.ts";

/** Microseconds in the units of time that a scenario may use. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** Seconds in the units that a rate may be per. */
const RATE_UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3_600,
  hour: 3_600,
  d: 86_400,
  day: 86_400,
};

const NUMBER = "[0-9]+(?:\\.[0-9]+)?";

/** `30s`, `5m`, `1h30m`, `250ms`, `10us`, as Go writes them, and `d` for days. */
export const DURATION = new RegExp(`^(?:${NUMBER}(?:us|µs|ms|s|m|h|d))+$`, "u");
/** The same, longer than nothing. */
export const POSITIVE_DURATION = new RegExp(`^(?=.*[1-9])${DURATION.source.slice(1)}`, "u");
/** `100/s`, `50000/min`. */
export const RATE = new RegExp(`^${NUMBER}/(?:s|sec|second|m|min|minute|h|hour|d|day)$`, "u");
/** `95%`, from 0 to 100. */
export const PERCENT = /^(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)%$/u;

/** Microseconds, not rounded, of a text that matches `DURATION`. */
export function parseTime(text: string): number {
  let total = 0;
  for (const [, value, unit] of text.matchAll(/([0-9.]+)([a-zµ]+)/gu)) {
    total += Number(value) * (TIME_UNITS[unit ?? ""] ?? Number.NaN);
  }
  return total;
}

/** The same to the nearest microsecond. */
export const parseDuration = (text: string): Micros => micros(roundHalfEven(parseTime(text)));

export const durationOr = (text: string | undefined, fallback: Micros): Micros =>
  text === undefined ? fallback : parseDuration(text);

/** Per second, of a text that matches `RATE`. */
export function parseRate(text: string): number {
  const [value, unit] = text.split("/");
  return Number(value) / (RATE_UNITS[unit ?? ""] ?? Number.NaN);
}

/** From 0 to 1, of a number or of a text that matches `PERCENT`. */
export const parseShare = (share: number | string): number =>
  typeof share === "number" ? share : Number(share.slice(0, -1)) / 100;

/** A duration as a person writes it: `1h30m`, `250ms`. */
export function durationText(time: number): string {
  if (time < 1_000) return `${time}us`;
  if (time < 1_000_000) return `${time / 1_000}ms`;
  let rest = time;
  let text = "";
  for (const [unit, size] of [
    ["h", 3_600_000_000],
    ["m", 60_000_000],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return rest > 0 ? `${text}${rest / 1_000_000}s` : text;
}
