import { distance } from "fastest-levenshtein";

/** One thing that is wrong with a scenario, where an editor can jump to it. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  /** In UTF-16 code units, as editors count. */
  readonly column: number;
  /** How much of the line the carets underline. */
  readonly length: number;
  readonly message: string;
  /** What to do about it; null when the message says it all. */
  readonly hint: string | null;
  /** The text of the line; printing is the business of reports. */
  readonly sourceLine: string;
}

/**
 * The known name nearest to what was written, or null when none is near: a third of its letters may differ,
 * so that "paymnet" finds "payment" and "web" does not find "api". Equal distances go to the first in the list.
 */
export function nearestName(written: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of known) {
    const far = distance(written.toLowerCase(), name.toLowerCase());
    if (far < least && far < name.length) {
      least = far;
      nearest = name;
    }
  }
  return nearest;
}

/** "did you mean …? known: …" for a name that was not found among these. */
export function nameHint(written: string, known: readonly string[]): string | null {
  const nearest = nearestName(written, known);
  const list = known.length === 0 ? null : `known: ${[...known].sort().join(", ")}`;
  if (nearest === null) return list;
  return list === null ? `did you mean "${nearest}"?` : `did you mean "${nearest}"? ${list}`;
}
