/**
 * Numbers as people read them, the same on the page, in the terminal and in Markdown. Digits stay
 * ungrouped, since they get copied; minus is "−" (U+2212).
 */

/** Fixed decimals, with a true minus and without a negative zero. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  const digits = text.startsWith("-") ? text.slice(1) : text;
  return text.startsWith("-") && Number(digits) !== 0 ? `−${digits}` : digits;
}

/** Fixed decimals with a sign in front, also of what is positive; a zero has none. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return text.startsWith("−") || Number(text) === 0 ? text : `+${text}`;
}

/** A latency in milliseconds whatever its size, for columns: "1825 ms", "8.4 ms". */
export function milliseconds(ms: number): string {
  return `${fixed(ms, millisecondDecimals(ms))} ms`;
}

/** Decimals that keep two significant digits of a latency. */
export function millisecondDecimals(ms: number): number {
  const size = Math.abs(ms);
  if (size === 0 || size >= 9.95) return 0;
  return size >= 0.995 ? 1 : 2;
}

/** A latency in running text: seconds from one second on: "412 ms", "1.9 s". */
export function latencyText(ms: number): string {
  return ms < 999.5 ? milliseconds(ms) : `${fixed(ms / 1000, ms < 9950 ? 1 : 0)} s`;
}

/** A span of time in seconds: "3.9 s", "337 s". */
export function secondsText(seconds: number): string {
  const small = seconds !== 0 && Math.abs(seconds) < 9.95;
  return `${fixed(seconds, small ? 1 : 0)} s`;
}

export function percentDecimals(percent: number): number {
  const size = Math.abs(percent);
  if (size === 0 || size >= 99.95) return 0;
  return size >= 1 ? 1 : 2;
}

/** "15.9 %", "0.05 %", "< 0.01 %", "0 %". */
export function percentText(percent: number): string {
  if (percent > 0 && percent < 0.005) return "< 0.01 %";
  return `${fixed(percent, percentDecimals(percent))} %`;
}

/** A share that somebody chose, like a confidence level: "95 %", "99.9 %". */
export function shareText(share: number): string {
  return `${plain(Number((100 * share).toFixed(2)))} %`;
}

/** Decimals with which half an interval is seen: one significant digit, two decimals at most. */
export function marginDecimals(half: number): number {
  if (half === 0 || half >= 0.95) return 0;
  return half >= 0.095 ? 1 : 2;
}

/** A limit as it was written: no trailing zeros. */
export function plain(value: number): string {
  return String(value).replace("-", "−");
}

function usdDecimals(usd: number): number {
  const size = Math.abs(usd);
  return size === 0 || size >= 0.0095 ? 2 : 4;
}

export function usdText(usd: number): string {
  return usd < 0 ? `−$${fixed(-usd, usdDecimals(usd))}` : `$${fixed(usd, usdDecimals(usd))}`;
}

/** A signed amount: "+$0.31", "−$0.046". */
export function signedUsd(usd: number, decimals: number): string {
  const text = signed(usd, decimals);
  const sign = /^[+−]/.test(text) ? text.slice(0, 1) : "";
  return `${sign}$${text.slice(sign.length)}`;
}

/** Decimals that tell both ends of an interval apart, from `least` to `most`. */
export function decimalsFor(
  values: readonly (number | null)[],
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const known = values.filter((value) => value !== null && value !== 0);
  for (let decimals = least; decimals < most; decimals++) {
    const texts = known.map((value) => fixed(value ?? 0, decimals));
    const visible = texts.every((text) => Number(text.replace("−", "-")) !== 0);
    if (visible && new Set(texts).size === new Set(known).size) return decimals;
  }
  return most;
}

/** A duration as a clock shows it: "0:50", "10:21", "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (part: number): string => String(part).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** An instant of the measured time: "+02:00". */
export function instant(seconds: number): string {
  const text = clock(Math.abs(seconds));
  return `${seconds < 0 ? "−" : "+"}${text.length < 5 ? `0${text}` : text}`;
}

/** A span in the largest unit that fits it evenly: "30 min", "90 s", "24 h". */
export function span(seconds: number): string {
  if (seconds >= 7200 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  if (seconds >= 7200) return clock(seconds);
  return `${fixed(seconds, Number.isInteger(seconds) ? 0 : 1)} s`;
}

/** A count in running text: "4.1 million", "338 thousand", "412". */
export function countText(count: number): string {
  const size = Math.abs(count);
  if (size >= 999_500) return `${fixed(count / 1e6, 1)} million`;
  if (size >= 99_950) return `${fixed(count / 1e3, 0)} thousand`;
  return fixed(count, 0);
}

/** "a", "a and b", "a, b and c". */
export function listText(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}

/** "1 run", "20 runs". */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : many}`;
}
