import type { TokenName } from "./charts/theme.ts";

export interface FailureReasonStyle {
  readonly reason: string;
  readonly label: string;
  readonly token: TokenName;
  /** Reasons of one colour differ in lightness, and by their place in the stack. */
  readonly opacity: number;
}

/**
 * From the bottom of the stack to its top. Red is waiting for a place, purple is giving up,
 * grey is what broke.
 */
const KNOWN: readonly FailureReasonStyle[] = [
  { reason: "queue-full", label: "queue full", token: "red", opacity: 1 },
  { reason: "pool-timeout", label: "pool timeout", token: "red", opacity: 0.5 },
  { reason: "lock-timeout", label: "lock timeout", token: "red", opacity: 0.3 },
  { reason: "timeout", label: "timeout", token: "purple", opacity: 1 },
  { reason: "deadline-exceeded", label: "deadline exceeded", token: "purple", opacity: 0.5 },
  { reason: "abandoned", label: "abandoned", token: "purple", opacity: 0.3 },
  { reason: "breaker-open", label: "breaker open", token: "blue", opacity: 1 },
  { reason: "bulkhead-full", label: "bulkhead full", token: "blue", opacity: 0.6 },
  { reason: "rate-limited", label: "rate limited", token: "blue", opacity: 0.35 },
  { reason: "error", label: "error", token: "grey", opacity: 1 },
  { reason: "killed", label: "killed", token: "grey", opacity: 0.7 },
  { reason: "no-endpoint", label: "no endpoint", token: "grey", opacity: 0.45 },
  { reason: "connection-refused", label: "refused", token: "grey", opacity: 0.25 },
];

/** The styles of the given reasons, in the order of the stack; unknown ones come last. */
export function failureReasonStyles(reasons: readonly string[]): readonly FailureReasonStyle[] {
  const known = KNOWN.filter((style) => reasons.includes(style.reason));
  const others = [...new Set(reasons)].filter(
    (reason) => !KNOWN.some((style) => style.reason === reason),
  );
  return [
    ...known,
    ...others.map((reason) => ({
      reason,
      label: reason.replaceAll("-", " "),
      token: "ink" as const,
      opacity: 0.6,
    })),
  ];
}

export function failureLabel(reason: string): string {
  return KNOWN.find((style) => style.reason === reason)?.label ?? reason.replaceAll("-", " ");
}
