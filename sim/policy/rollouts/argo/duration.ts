import { type Micros, seconds } from "../../../kernel/time.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
};
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/;
const PART = /([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g;

/** Go durations as Argo writes them: `90s`, `1m30s`, `2h`. Null for anything else. */
export function parseDuration(text: string): Micros | null {
  if (text === "0") return seconds(0);
  if (!DURATION.test(text)) return null;
  const parts = [...text.matchAll(PART)];
  const total = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0),
    0,
  );
  return seconds(total);
}
